"""X12 as it is: interchanges read and written, and what is said in a 270, a 271, a 278, a TA1 and a 999. Pure."""
