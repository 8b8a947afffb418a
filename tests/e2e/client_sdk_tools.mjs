// What the programs that use the Firebase client SDK share.

import { onSnapshot } from 'firebase/firestore';

const PATIENCE = 20_000; // milliseconds

/**
 * Listens to a document or a query until it is stopped, as a front-end does while a page is open.
 *
 * Await `started()` before changing anything: the emulator, unlike Firestore, may tell a listener that begins during a
 * write the new state first and the old one last, or nothing at all.
 */
export class Listener {
  constructor(target, what) {
    this.what = what;
    this.waiting = new Set();
    this.stop = onSnapshot(
      target,
      { includeMetadataChanges: true },
      (snapshot) => {
        this.snapshot = snapshot;
        this.waiting.forEach((look) => look());
      },
      (error) => {
        this.error = error;
        this.waiting.forEach((look) => look());
      },
    );
  }

  /** Resolves with the first snapshot that comes from the store and not from what the client holds. */
  started() {
    return this.sees((snapshot) => !snapshot.metadata.fromCache, 'its first state');
  }

  /** Resolves with the first snapshot that `wanted` accepts; rejects when it is refused or does not come in time. */
  sees(wanted, what) {
    return new Promise((resolve, reject) => {
      const over = (settle, value) => {
        clearTimeout(timer);
        this.waiting.delete(look);
        settle(value);
      };
      const look = () => {
        if (this.error) over(reject, this.error);
        else if (this.snapshot && wanted(this.snapshot)) over(resolve, this.snapshot);
      };
      const late = new Error(`not in time: ${this.what} sees ${what}`);
      const timer = setTimeout(() => over(reject, late), PATIENCE);
      this.waiting.add(look);
      look();
    });
  }
}

/** The code of the error that an attempt ends with; 'allowed' when it ends with none. */
export async function refusal(attempt) {
  try {
    await attempt();
    return 'allowed';
  } catch (error) {
    return error.code ?? error.message;
  }
}
