"""The words that `facts` knows: what counts, what turns a statement around, what begins a sentence and is no name."""

from __future__ import annotations

NUMBERS = {
    "zero": "0", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14",
    "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20",
    "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80",
    "ninety": "90", "first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5", "sixth": "6",
    "seventh": "7", "eighth": "8", "ninth": "9", "tenth": "10", "last": "last", "next": "next",
    "hundred": "100", "thousand": "1000", "million": "1000000", "dozen": "12", "half": "half",
    "quarter": "quarter", "twice": "twice", "double": "double", "triple": "triple", "couple": "couple",
}  # fmt: skip

# Each with the word that stands for all that say the same.
MEANINGS = {
    "not": "not", "no": "not", "never": "not", "none": "not", "nor": "not", "neither": "not", "without": "not",
    "cannot": "not", "nothing": "not", "nobody": "not", "nowhere": "not", "unable": "not", "n't": "not",
    "approved": "approved", "approve": "approved", "approves": "approved", "authorized": "approved",
    "authorised": "approved", "granted": "approved", "accepted": "approved", "denied": "denied",
    "deny": "denied", "denies": "denied", "declined": "denied", "refused": "denied", "rejected": "rejected",
    "covered": "covered", "uncovered": "uncovered", "noncovered": "uncovered", "active": "active",
    "inactive": "inactive", "paid": "paid", "unpaid": "unpaid", "cancelled": "cancelled",
    "canceled": "cancelled", "cancel": "cancelled", "confirmed": "confirmed", "must": "must",
    "required": "must", "mandatory": "must", "obliged": "must", "optional": "optional", "voluntary": "optional",
    "before": "before", "until": "before", "till": "before", "after": "after", "since": "after", "only": "only",
    "except": "only", "unless": "only", "overdue": "overdue", "late": "overdue", "higher": "higher",
    "increased": "higher", "increase": "higher", "increases": "higher", "lower": "lower", "decreased": "lower",
    "decrease": "lower", "reduced": "lower", "decreases": "lower", "left": "left", "right": "right",
    "mother": "mother", "father": "father", "wife": "wife", "husband": "husband", "son": "son",
    "daughter": "daughter", "positive": "positive", "negative": "negative", "in-network": "in-network",
    "out-of-network": "out-of-network", "fail": "not", "fails": "not", "failed": "not", "lack": "not",
    "lacks": "not", "lacking": "not", "refuse": "denied", "refuses": "denied", "start": "start", "starts": "start",
    "started": "start", "begin": "start", "begins": "start", "began": "start", "resume": "start", "stop": "stop",
    "stops": "stop", "stopped": "stop", "discontinue": "stop", "discontinued": "stop", "quit": "stop",
    "end": "end", "ends": "end", "ended": "end", "part": "part", "partly": "part", "partial": "part",
    "partially": "part", "full": "full", "fully": "full", "entire": "full", "entirely": "full", "whole": "full",
    "complete": "full", "completely": "full", "hardly": "not", "barely": "not", "or": "or", "owes": "owes",
}  # fmt: skip

# What other words may leave out and not bring in: how many are meant, and who is.
LIMITING = {
    "all": "all", "every": "all", "each": "all", "both": "all", "some": "some", "several": "some", "few": "few",
    "many": "many", "most": "many", "he": "he", "him": "he", "his": "he", "himself": "he", "she": "she", "her": "she",
    "hers": "she", "herself": "she",
}  # fmt: skip

TIMES = frozenset({
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "today", "tomorrow",
    "yesterday", "tonight", "noon", "midnight", "january", "february", "march", "april", "june", "july",
    "august", "september", "october", "november", "december", "hour", "hours", "day", "days", "week", "weeks",
    "month", "months", "year", "years", "minute", "minutes", "daily", "weekly", "monthly", "yearly", "annually",
    "morning", "afternoon", "evening", "immediately", "mg", "mcg", "ml", "kg", "lb", "lbs",
})  # fmt: skip

# What other words may be made of: none of these says what is the matter, who it is about, or how it is.
_COMMON = """
able advance advise afternoon agree ahead allow along already amount anytime apologies apologize applies apply
appreciate appreciated appreciation appreciative around arrange arrangement arrangements arrival arriving asked
asking assist assistance attend available aware away back became become been being between bill billed billing bit
book booked brief briefly bringing calling calls came card care check choice choose clinic come comes coming
concern concerns connect contacting convenience convenient copay copayment copy cost costs couldn't course
courteous dear decide delay delighted desk detail details didn't discuss doesn't doing don't done dr e-mail easily
easy else email ensure everyone everything exact exactly expect expected expecting fact fee feeling figure file
fill filled form forms forward friend friendly front future getting glad gladly goes going gone got grateful great
greatly guide hand handle happen happy health hear hearing help helped helpful helping helps hesitate hoping
inform information informed inquire insurer interested invite inviting involve issue item items kindest known
knows leave letter line list listed little long look looks lot made mail making manage matter mean means meet
meeting meets mention message mind moment mr mrs ms name named needed needs number numbers obtain office ok okay
online ourselves out owe owed owes owing page paper particular patience patients pays people person phone picture
place plans pleasant pleased pleasure point practice prefer present previously prior process promptly provide
provided question quick quickly quite rather reached reaching ready really receipt receive recent recently
reception refer referring regard related remain remains remind reminder reminding reminds remit requested
requesting requests respond response return ring said same say says scheduled scheduling seeing seem seems seen
sending shall share sharing shortly sign simple simply sincere somebody someone something speak spoken staff state
stated statement states stay step steps submit suit suits support sure taken takes taking talk telephone telling
tells than thankful thing things think thought time times together told too touch toward towards try trying turn
understand understanding understood upcoming update used using usual valuable value via visiting visits waiting
wanted wants warmest warmly way ways welcome well went whatever whichever whom whose wishes wonder wondering word
words work worked working worry would write writing written yourself
"""
COMMON = frozenset(_COMMON.split())
# A word that begins so may turn a statement around by being left out.
NEGATING = ("un", "non", "dis", "mis", "ab", "ina", "ine", "irr", "ill", "impo", "contra")

# Capital letters at the beginning of a sentence say nothing about these.
BEGINNINGS = frozenset({
    "a", "about", "above", "according", "account", "additionally", "after", "again", "all", "also", "although",
    "always", "an", "and", "another", "any", "anything", "appointment", "are", "arrive", "as", "ask", "at",
    "authorization", "balance", "be", "because", "before", "below", "best", "bring", "but", "by", "call", "can",
    "cannot", "claim", "come", "confirm", "contact", "could", "currently", "date", "dear", "did", "diagnoses",
    "do", "does", "don't", "during", "each", "either", "enclosed", "even", "every", "feel", "find", "first",
    "follow", "following", "for", "from", "further", "furthermore", "get", "give", "given", "go", "good",
    "greetings", "had", "has", "have", "having", "he", "hello", "her", "here", "hi", "his", "hope", "how",
    "however", "i", "i'd", "i'll", "i'm", "i've", "if", "in", "include", "including", "instead", "insurance",
    "is", "it", "it's", "its", "just", "keep", "kind", "kindly", "know", "last", "later", "let", "like", "look",
    "looking", "make", "many", "may", "meanwhile", "member", "moreover", "most", "much", "my", "need", "next",
    "no", "not", "note", "nothing", "now", "of", "often", "on", "once", "one", "only", "open", "or", "other",
    "otherwise", "our", "ours", "over", "paid", "part", "patient", "pay", "payment", "per", "plan", "please",
    "provider", "questions", "reach", "read", "reason", "received", "record", "records", "regarding", "regards",
    "remember", "reply", "request", "respectfully", "review", "schedule", "see", "send", "sent", "service",
    "she", "should", "show", "since", "sincerely", "so", "some", "soon", "sorry", "still", "such", "take",
    "team", "tell", "thank", "thanks", "that", "that's", "the", "their", "them", "then", "there", "therefore",
    "these", "they", "they're", "this", "those", "though", "through", "to", "under", "unfortunately", "unless",
    "until", "up", "upon", "us", "use", "very", "visit", "wait", "want", "warm", "was", "we", "we'd", "we'll",
    "we're", "we've", "were", "what", "when", "whenever", "where", "whether", "which", "while", "who", "why",
    "will", "wish", "with", "within", "without", "would", "yes", "yet", "you", "you'd", "you'll", "you're",
    "you've", "your", "yours",
})  # fmt: skip
