"""What people ask, understood without a model: words, days, and a table of questions. All of it is pure.

`understand` turns a message into what is asked, strictly: a word that is not known is never passed over, and a day that
can be read in two ways is asked back.
"""
