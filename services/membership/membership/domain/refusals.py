"""The rules of this service that say no. Codes are public and stay."""

from contracts.refusal import Rule

CODE_TAKEN = Rule(
    "code-taken",
    409,
    "Another organisation has this code.",
    "Eine andere Organisation hat dieses Kürzel schon.",
)
REGISTERED_DIFFERENTLY = Rule(
    "registered-differently",
    409,
    "This organisation is registered with other details.",
    "Diese Organisation ist schon mit anderen Angaben eingetragen.",
)
NOT_REGISTERED = Rule(
    "organisation-not-registered",
    409,
    "Your organisation is not registered with the cooperative yet.",
    "Ihre Organisation ist bei der Genossenschaft noch nicht eingetragen.",
)
ORGANISATION_MISSING = Rule(
    "organisation-missing",
    422,
    "Please say for which organisation.",
    "Nennen Sie die Organisation, um die es geht.",
)
ARTICLES_NOT_SHOWN = Rule(
    "articles-not-shown",
    422,
    "The articles must have been available before the declaration (§ 15 (1) GenG).",
    "Die Satzung muss vor der Erklärung bereitgestellt worden sein (§ 15 Abs. 1 GenG).",
)
PAYMENT_DUTY_NOT_ACCEPTED = Rule(
    "payment-duty-not-accepted",
    422,
    "The declaration must expressly accept the duty to pay for the shares (§ 15a GenG).",
    "Die Erklärung muss die Pflicht zur Einzahlung ausdrücklich enthalten (§ 15a GenG).",
)
LONGER_NOTICE_NOT_ACCEPTED = Rule(
    "longer-notice-not-accepted",
    422,
    "A period of notice of more than a year must be accepted expressly (§ 15a GenG).",
    "Eine Kündigungsfrist von mehr als einem Jahr muss ausdrücklich angenommen sein (§ 15a GenG).",
)
CONDITIONAL = Rule(
    "conditional-declaration",
    422,
    "The declaration must be unconditional; a council's decision comes first (§ 15 (1) GenG).",
    "Die Erklärung muss unbedingt sein; ein Gremienbeschluss kommt vorher (§ 15 Abs. 1 GenG).",
)
NOT_IN_TEXT_FORM = Rule(
    "not-in-text-form",
    422,
    "The declaration must be in text form (§ 15 (1) GenG).",
    "Die Erklärung muss in Textform vorliegen (§ 15 Abs. 1 GenG).",
)
IN_THE_FUTURE = Rule(
    "in-the-future",
    422,
    "This has not happened yet.",
    "Das liegt in der Zukunft.",
)
TOO_EARLY = Rule(
    "too-early",
    422,
    "This lies before the day from which on it is possible.",
    "Das liegt vor dem Tag, ab dem es möglich ist.",
)
ALREADY_MEMBER = Rule(
    "already-member",
    409,
    "This organisation is a member already.",
    "Diese Organisation ist schon Mitglied.",
)
ALREADY_APPLIED = Rule(
    "already-applied",
    409,
    "This organisation has an application that is not decided yet.",
    "Für diese Organisation liegt schon ein Antrag vor, über den noch nicht entschieden ist.",
)
ALREADY_DECIDED = Rule(
    "already-decided",
    409,
    "This application was decided already.",
    "Über diesen Antrag ist schon entschieden.",
)
DOCUMENT_MISSING = Rule(
    "document-missing",
    422,
    "Please say which document is wanted, or for which check.",
    "Nennen Sie den Nachweis, der fehlt, oder den Punkt, zu dem er gehört.",
)
NOT_A_MEMBER = Rule(
    "not-a-member",
    409,
    "Only a member can do this; this organisation is none.",
    "Das kann nur ein Mitglied; diese Organisation ist keines.",
)
NOT_FULLY_PAID = Rule(
    "earlier-shares-not-paid",
    409,
    "Further voluntary shares need all earlier ones but the latest fully paid (§ 15b (2) GenG).",
    "Weitere freiwillige Anteile erst, wenn alle früheren bis auf den letzten voll eingezahlt "
    "sind (§ 15b Abs. 2 GenG).",
)
TOO_MUCH = Rule(
    "more-than-open",
    409,
    "This is more than what is open for the subscribed shares.",
    "Das ist mehr, als für die gezeichneten Anteile noch offen ist.",
)
NOTICE_ALREADY_GIVEN = Rule(
    "notice-already-given",
    409,
    "Notice was given already.",
    "Die Mitgliedschaft ist schon gekündigt.",
)
