"""What words mean in a question: each concept with the words and phrases for it, and the words that mean nothing.

A longer phrase goes first. Words that stand nowhere here are not known, and a question with one is not guessed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

# Concept → its words and phrases, divided by bars; a hyphen counts as a space.
CONCEPTS: Mapping[str, str] = {
    # what it is about
    "coverage": "coverage|coverages|covered|cover|covers|insured|insurance|insurances|eligible|eligibility|elig"
    "|ineligible|uninsured|in force|health insurance|medical insurance|not covered|not eligible|not insured"
    "|verdict|policy|policies",
    "plan": "should we bill|do we bill|should i bill|plan|plans|payer|payers|payor|payors|insurer|insurers|carrier"
    "|carriers|insurance company|health plan|insurance plan|insurance carrier|insurance companies|medicare"
    "|medicaid|tricare|medigap",
    "member_id": "member id|member ids|member number|subscriber id|insurance id|insurance number|policy number"
    "|membership number|id number",
    "secondary": "secondary|second insurance|two insurances|two plans|multiple insurances|more than one insurance"
    "|other insurance|secondary insurance|secondary coverage|other coverage|secondary payer|another insurance",
    "primary": "primary|primary insurance|primary coverage|primary payer",
    "network": "network|in network|out of network|participating|in the network",
    "copay": "copay|copays|copayment|copayments|co pay|co pays|co payment",
    "deductible": "deductible|deductibles",
    "coinsurance": "coinsurance|co insurance",
    "out_of_pocket": "out of pocket|out of pocket maximum|out of pocket max|out of pocket limit|oop|oop max|oopm",
    "benefit": "benefit|benefits",
    "cost": "should we collect|should i collect|do we collect|cost|costs|price|charge|charges|owe|owes|owed|pay"
    "|pays|payable|responsibility|patient responsibility",
    "estimate": "estimate|estimated|allowed amount|if the allowed amount is|if the payer allows|if they allow"
    "|allows|allowed|if the plan allows|when the payer allows|if allowed amount is",
    "authorization": "authorization|authorizations|authorisation|authorisations|auth|auths|prior auth|prior auths"
    "|prior authorization|prior authorizations|preauth|pre auth|pre auths|preauthorization|pre authorization"
    "|auth request|auth requests|authorization request|authorization requests|precertification|pre certification"
    "|precert|pre cert|authorized|preauthorized|prior approval|prior approvals",
    "unit": "unit|units|sessions",
    "claim": "claim|claims|bill|bills",
    "denial": "denial|denials",
    "billed": "billed|amount billed|billed amount|total billed|billed in total|total charges",
    "asked": "requested|applied for|was asked for",
    "visit": "visit|visits|appointment|appointments|appt|appts|encounter|encounters|coming in|come in|comes in"
    "|seen|came in|was she here|was he here|were they here|here for a visit|booking|bookings",
    "provider": "provider|providers|doctor|physician|clinician",
    "task": "task|tasks|todo|todos|to do|to dos|to do list|action items|action item|left to do|open items"
    "|work items",
    "alert": "alert|alerts|notification|notifications|warnings|warning",
    "deadline": "deadline|deadlines|due date|due dates|timely filing|filing limit|filing limits|filing deadline"
    "|filing deadlines|time limit|time limits|decision clock|last day to file|time left",
    "file": "file|filing|be filed|to file|submit by",
    "decision": "decision|decisions|decide|decides|decided|answer|answered|response|respond|responded",
    "checkin": "check in|checkin|checking in|check her in|check him in|check them in|be checked in|intake",
    "block": "block|blocks|blocking|blocked|holding up|hold up|in the way|stopping|preventing|prevents|keeping"
    "|missing",
    "ready": "ready|readiness|good to go|all set|cleared",
    "checked": "checked|verified|last check|last eligibility check|latest check|eligibility check|previous check"
    "|last verification|verification|newest check|last insurance check|coverage check",
    "patient": "patient|record|chart|person",
    "name": "demographics|patient info|patient information|personal details|name|full name|called",
    "dob": "dob|date of birth|birthday|birth date|birthdate|born",
    "age": "age|how old|old",
    "sex": "sex|gender",
    "phone": "phone|phone number|telephone|telephone number|cell|mobile|contact number|number to call",
    "mrn": "mrn|medical record number|patient number|patient id|record number",
    # the organisation's day and work
    "headcount": "how many patients|number of patients|count of patients",
    "board": "schedule|schedules|the board",
    "wait": "waiting too long|who is waiting too long|anyone waiting too long|anybody waiting too long"
    "|waited too long|waits too long|patients waiting too long|patients are waiting too long|wait too long"
    "|has been waiting too long",
    "unready": "who is not ready|who is not ready yet|which visits are not ready|visits are not ready|not ready visits"
    "|which patients are not ready|patients are not ready|what is not ready|readiness list|anyone not ready"
    "|anybody not ready|who will not be ready|who is unready|which appointments are not ready",
    "queue": "queue|queues|work queue|work queues|worklist|worklists|backlog",
    "our_claims": "our claims|all our claims|of our claims|claims of the organization|claims of the practice"
    "|claims of the clinic",
    "overlong": "pended too long|pending too long|pend too long",
    "gap": "authorization gap|authorization gaps|auth gap|auth gaps",
    "aging": "aging|ageing|aging report|accounts receivable|receivables|a r aging",
    # what is asked
    "when": "when|what day|which day|what date|which date|what time|on what day",
    "why": "why|reason|reasons|how come|what for|because of what|cause|explain|explanation",
    "who": "who|whom|whose|with whom|who is this|which doctor|which provider|which physician",
    "where": "where",
    "what": "what|which|list|show|what kind of|give|tell|details|detail|display|see|look up|pull up|find",
    "how_many": "how many|number of|count|count of",
    "how_much": "how much|amount|amounts|total|totals|sum|dollar amount|in total|altogether|value|worth|balance",
    "next": "next|upcoming|soonest|future|coming up|following|ahead",
    "last": "last|latest|most recent|newest|previous|past|recent|prior",
    "left": "left|remaining|remain|remains|left over|available|have left|still available",
    "expire": "expire|expires|expired on|expiring|expiry|expiration|expiration date|run out|runs out|running out"
    "|end|ends|ending|end date|lapse|lapses|terminate|terminates|termination|until when|how long|valid until"
    "|good until|good through|valid through",
    "start": "start|starts|started|begin|begins|began|effective date|start date|since when|effective since",
    "need": "need|needs|needed|require|requires|required|requirement|necessary|must|have to|has to|mandatory"
    "|requiring",
    "status": "status|state|standing|stand|situation|where do things stand|how is it looking",
    "change": "change|changed|changes|different|difference|differences|differ|differs|new since|compare|compared",
    "undetermined": "undetermined|unknown|unclear|uncertain|indeterminate|inconclusive",
    "mine": "my|mine|assigned to me|do i have",
    "next_step": "next step|next steps|what should i do|what should i do next|what can i do|what do i do|do next"
    "|what to do next|what to do|what now|what is next|what next|next action|next actions|actions|options|guidance"
    "|what should we do|what can be done|what should happen next|what are my options|what else can i do",
    "summary": "summary|summarize|summarise|overview|recap|brief me|fill me in|bring me up to speed|tell me about"
    "|what do we know|what do you know|everything about|snapshot|rundown|run down|catch me up|sum up"
    "|quick overview",
    "help": "help|what can you do|what do you do|how do you work|what can i ask|what questions|who are you"
    "|what are you|what are you able to do|how can you help",
    "greeting": "hi|hello|hey|good morning|good afternoon|good evening|greetings",
    "thanks": "thanks|thank you|thx|cheers|great thanks|thank you very much|many thanks|perfect|great|awesome",
    # states, by the words for them; what they mean depends on what they are about
    "s:denied": "denied|refused|turned down|declined|non paid",
    "s:rejected": "rejected|rejection|rejections|bounced|kicked back",
    "s:paid": "paid|reimbursed|been paid|settled",
    "s:partially_paid": "partially paid|partly paid|part paid",
    "s:underpaid": "underpaid|short paid",
    "s:unpaid": "unpaid|not paid|not been paid|not yet paid|not reimbursed",
    "s:outstanding": "outstanding|unresolved|not closed|in progress|in process|still open|awaiting payment"
    "|waiting for payment|processing|being processed",
    "s:open": "open",
    "s:pending": "pending|waiting|awaiting|under review|in review|with the payer|awaited",
    "s:pended": "pended",
    "s:submitted": "submitted|filed|sent|been submitted|sent out|sent to the payer",
    "s:accepted": "accepted",
    "s:draft": "draft|drafts|not submitted|unsubmitted|not sent|unsent|not billed|unbilled|not filed|unfiled",
    "s:held": "on hold|held",
    "s:appealed": "appealed|under appeal|in appeal",
    "s:written_off": "written off|write offs|write off|wrote off",
    "s:finalized": "finalized|finalised|closed|adjudicated|settled and closed",
    "s:voided": "voided|void",
    "s:approved": "approved|granted|approval|approvals",
    "s:active": "active|valid|current|good|in effect|effective|still good",
    "s:inactive": "inactive|lapsed|terminated|not active|not valid|no longer active|ended",
    "s:expired": "expired",
    "s:exhausted": "exhausted|used up",
    "s:cancelled": "cancelled|canceled|called off",
    "s:revoked": "revoked|withdrawn",
    "s:completed": "completed|complete|done|finished|kept|met|fulfilled",
    "s:scheduled": "scheduled|booked",
    "s:confirmed": "confirmed",
    "s:no_show": "no show|no shows|missed|did not show|no showed",
    "s:arrived": "arrived|checked in",
    "s:overdue": "overdue|past due|late",
    "s:due": "due",
    # what is left alone
    "act": "request|create|add|make|book|cancel|delete|remove|update|edit|modify|send|submit|resubmit|refile"
    "|assign|reassign|mark|reopen|approve|deny|extend|release|appeal|export|print|download|upload|call|reschedule"
    "|set|enter|record a|transfer|void it|reset|notify|contact|escalate|snooze|share|forward|post|fix|correct"
    "|change the|change her|change his"
    "|schedule a|schedule an|schedule the|schedule her|schedule him|schedule another"
    "|put|move|merge|close the|close this|begin a|start a|start an|open a|rerun"
    "|run|execute|acknowledge",
    "mail": "email|e mail|emails|mail|letter|letters|fax|message to|text message|draft an email|draft an e mail"
    "|sms",
    "clinical": "diagnosis|diagnose|diagnoses|diagnosed|treatment|treat|medication|medications|medicine|drug|drugs"
    "|dose|dosage|prescribe|prescription|prescriptions|symptom|symptoms|pain|fever|allergy|allergies|allergic"
    "|disease|condition|conditions|lab results|test results|lab result|blood pressure|pregnant|side effects"
    "|therapy work|antibiotic|antibiotics|ibuprofen|aspirin|insulin|vaccine|cancer|diabetes|surgery|surgeries"
    "|take for|clinical|medically necessary|medical necessity|sick|ill|headache|headaches|infection|cure|healthy",
    "legal": "legal|legally|lawyer|attorney|sue|suing|lawsuit|court|liable|liability|hipaa|law|laws|illegal"
    "|negligence|malpractice|fraud|subpoena|contractually|sued",
    "predict": "likely|likelihood|chance|chances|probability|probable|predict|prediction|forecast|guess|expect"
    "|odds|bet|going to approve|going to pay|going to deny|will the payer approve|will the payer pay|will probably"
    "|get approved|get denied|get paid|be approved|be denied|be paid|be overturned|will they pay|will they approve"
    "|win the appeal|how soon will|when will the payer|when will they pay|be rejected",
    "opinion": "better|best|recommend|recommendation|opinion|think|advise|advice|should she|should he|should they"
    "|should we|should i|should the patient|worst|prefer|preferable|good idea|worthwhile",
    "others": "all patients|every patient|all our patients|other patients|another patient|other patient"
    "|each patient|someone else|somebody else|everyone|everybody|which patients|patients"
    "|any other patient|all records|other records|another record|different patient|all the records|entire database"
    "|database|whole clinic",
    "tenant": "other clinic|other clinics|other organization|other organisation|another clinic"
    "|another organization|another organisation|other practice|another practice|other tenant|another tenant"
    "|client id|clientid|tenant|tenants|other client|another client|other organizations|all organizations"
    "|all clinics|organisation id|organization id|organization|organisation",
    "inject": "ignore|disregard|forget|override|bypass|pretend|act as|you are now|system prompt|instruction"
    "|instructions|prompt|jailbreak|admin|administrator|superuser|root|sudo|developer|developer mode|debug"
    "|debug mode|password|passwords|secret|secrets|api key|api keys|token|tokens|credentials|sql|drop table"
    "|select from|your rules|the rules|all rules|rules|guidelines|restrictions|roleplay|role play|impersonate"
    "|as manager|as an admin|my role is|i am the admin|elevate|privileges|permissions|grant me|unlock|new role"
    "|change role|system|hack|exploit|simulate",
    "lists": "waiting room|who is waiting|report|reports|dashboard|statistics",
    "staff": "staff|colleague|colleagues|employee|employees|coworker|coworkers|users|audit log|audit trail|audit"
    "|looked at|accessed|manager|password of",
    "hypothetical": "if|unless|suppose|supposing|assuming|would she|would he|would it|what happens when|in case",
    "unmapped_service": "mri|ct|ct scan|x ray|xray|ultrasound|scan|imaging|colonoscopy|injection|labs|lab"
    "|blood test|procedure|procedures|dme|wheelchair|acupuncture|massage|ambulance|hospital|inpatient|telehealth"
    "|ivf",
    "not": "not|no longer|never|without|except|excluding|other than|besides",
}  # fmt: skip

# X12 service type codes by the words for the service (see SERVICE_TYPES of the eligibility rules).
SERVICES: Mapping[str, str] = {
    "98": "office visit|office visits|professional visit",
    "30": "general benefits",
    "MH": "mental health|behavioral health|psychotherapy|counseling",
    "UC": "urgent care",
    "PT": "physical therapy|physiotherapy|physical therapies",
    "33": "chiropractic|chiropractor|chiro",
    "86": "emergency|emergency room|er|emergency services",
    "88": "pharmacy",
    "35": "dental|dentist",
    "AL": "vision|eye exam|optical",
}

_FILLERS = """
dr md a an practice clinic office the and or of to for in on at by from with as is are was were be been being am do does
did done has have had having will would could can may might shall this that these those it its there here i me we us
our you your he him his she her hers they them their theirs any some all also still yet already just now please
kindly then so well ok okay yes no right really actually quick question wondering know whether let hi want wanted
like get got go going about regarding concerning re fyi but too again up out one ones file system currently hey um
uh hmm mr mrs ms miss sir madam dear everything ever present time my look looking need ask sure maybe exactly
precisely roughly anything something thing things how both each same say says said work works use used using per
into onto through during between under than which come comes if questions give tell show day days month year date
dates week much many far once check checking verify confirm see good morning happen happens happened gone possible
showing shows appear appears listed given lined booked called such because since while until cpt hcpcs code
"""
# Ways to begin that say nothing: "let me know if she is covered".
OPENERS = (
    "let me know if|let me know whether|tell me if|tell me whether|check if|check whether|see if|see whether|know if"
    "|know whether|find out if|find out whether|wondering if|verify if|verify that|confirm if|confirm that|make sure"
    "|can you|could you|would you|can you tell me|could you tell me|i need to know|i want to know|do you know|if any"
    "|i would like to know|i was wondering if|please tell me|may i know|can i|is there|are there|do we have|does it"
    "|have to say|on the line|at the desk|at the front desk|on the phone|with me|in front of me|if there are"
    "|if there is|by reason|by denial reason|by denial code"
    "|i need|on file|on record|in the file|in the system|in the records|i have a question|we need to know|say if"
    "|is it true that|any idea|quick question|check for me|look at"
)
_PEOPLE = "she he her him his hers they them their theirs its"
SUBJECTS = frozenset(_PEOPLE.split()) | {"it", "this", "patient"}
OTHERS = frozenset(_PEOPLE.split())
FOLLOWERS = frozenset(
    {"and", "also", "what about", "how about", "same for", "same", "or", "then", "plus", "as well as", "but"}
)
PAST = frozenset({"was", "were", "did", "had", "been"})
LONGEST_PHRASE = 6


@cache
def phrases() -> dict[tuple[str, ...], str]:
    """Every phrase as its words, with its concept: `service:PT` for a service, `filler` for what means nothing."""
    known: dict[tuple[str, ...], str] = {(word,): "filler" for word in _FILLERS.split()}
    known |= {tuple(phrase.split()): "filler" for phrase in OPENERS.split("|")}
    for concept, words in CONCEPTS.items():
        known |= {tuple(phrase.split()): concept for phrase in words.split("|")}
    for code, words in SERVICES.items():
        known |= {tuple(phrase.split()): f"service:{code}" for phrase in words.split("|")}
    return known


@cache
def single_words() -> frozenset[str]:
    """The words of concepts that a slip of the pen may be meant for."""
    return frozenset(words[0] for words, concept in phrases().items() if len(words) == 1 and concept != "filler")
