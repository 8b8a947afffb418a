"""The lines of a CSV file with a header; every fault names its file, line and column."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

from shared.errors import FieldError, ValidationFailedError
from shared.importing import values

_DATE_CHARACTERS = 10
LONGEST_CELL = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `path` is `file.csv:line`."""

    path: str
    cells: dict[str, str]

    def text(self, column: str) -> str | None:
        """The cell without surrounding space; None when it is empty. A missing column is a fault."""
        cell = self.cells.get(column)
        if cell is None:
            return None
        if "\x00" in cell:
            self.fault(column, "character_invalid", "The text holds a character that cannot be stored")
        if len(cell) > LONGEST_CELL:
            self.fault(column, "too_long", f"The text is longer than {LONGEST_CELL} characters")
        return cell.strip() or None

    def required(self, column: str) -> str:
        """The cell, or a fault when it is empty."""
        return self.text(column) or self.fault(column, "required", "This cell is required")

    def number(self, column: str) -> Decimal:
        """The exact number in the cell."""
        try:
            return values.decimal(self.required(column))
        except ValueError:
            self.fault(column, "number_expected", "A number is expected here")

    def day(self, column: str) -> date | None:
        """The day as written, also at the start of a timestamp; None when the cell is empty."""
        text = self.text(column)
        try:
            return values.day(text[:_DATE_CHARACTERS]) if text is not None else None
        except ValueError:
            self.fault(column, "date_invalid", "A date YYYY-MM-DD is expected here")

    def moment(self, column: str) -> datetime | None:
        """The instant in the cell, in UTC; None when the cell is empty."""
        text = self.text(column)
        try:
            return values.instant(text) if text is not None else None
        except ValueError:
            self.fault(column, "instant_invalid", "An instant with its offset is expected here")

    def fault(self, column: str, code: str, message: str) -> NoReturn:
        """Refuse the whole folder because of this cell. Raises ValidationFailedError."""
        _fault(f"{self.path}.{column}", code, message)


def rows(folder: Path, name: str) -> Iterator[Line]:
    """The lines of `name`.csv in `folder`, which may start with a byte order mark. Raises ValidationFailedError."""
    file = f"{name}.csv"
    try:
        with (folder / file).open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            for cells in reader:
                path = f"{file}:{reader.line_num}"
                if None in cells or None in cells.values():
                    _fault(path, "columns_invalid", "This line has more or fewer cells than the header")
                yield Line(path, cells)
    except FileNotFoundError:
        _fault(file, "required", "This file is required")
    except UnicodeDecodeError:
        _fault(file, "encoding", "This file is not UTF-8")
    except csv.Error as exc:
        _fault(file, "csv", f"This file is not CSV: {exc}")


def _fault(path: str, code: str, message: str) -> NoReturn:
    raise ValidationFailedError("The folder is not valid", errors=(FieldError(path, code, message),))
