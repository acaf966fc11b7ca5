"""Every no of this service. The codes are public and stay."""

from contracts.refusal import Rule

RUN_UNKNOWN = Rule(
    "run-unknown", 422, "We do not know this run.", "Diesen Termin kennen wir nicht."
)
RUN_WITHDRAWN = Rule(
    "run-withdrawn",
    409,
    "The provider has withdrawn this offer. It takes no more bookings.",
    "Der Anbieter hat den Kurs zurückgezogen. Neue Buchungen sind nicht möglich.",
)
RUN_CANCELLED = Rule(
    "run-cancelled", 409, "This run does not take place.", "Dieser Termin findet nicht statt."
)
BOOKING_CLOSED = Rule(
    "booking-closed",
    409,
    "Booking for this run has closed.",
    "Der Anmeldeschluss für diesen Termin ist vorbei.",
)
ALREADY_ENROLLED = Rule(
    "already-enrolled",
    409,
    "Your organisation has already booked this person into this run, or has a place in its line.",
    "Diese Person hat über Ihre Organisation schon einen Platz oder steht auf der Warteliste.",
)
NO_ORGANISATION = Rule(
    "no-organisation",
    403,
    "Your account belongs to no organisation, so nobody could be billed.",
    "Ihre Anmeldung gehört zu keiner Organisation. Wenden Sie sich an Ihre Personalstelle.",
)
ONLY_FOR_ONESELF = Rule(
    "only-for-oneself",
    403,
    "You can ask for a seat for yourself. A coordinator books for others.",
    "Sie können nur für sich selbst anfragen. Für andere bucht die Fortbildungskoordination.",
)
NOT_FOR_ONESELF = Rule(
    "not-for-oneself",
    403,
    "Somebody else must decide on your own request.",
    "Über Ihre eigene Anfrage muss jemand anderes entscheiden.",
)
NOT_OFFERED = Rule(
    "not-offered",
    409,
    "No seat is offered here at the moment.",
    "Hier wird gerade kein Platz angeboten.",
)
OFFER_EXPIRED = Rule(
    "offer-expired",
    409,
    "The time to accept this seat is over. It went to the next in line.",
    "Die Frist für diesen Platz ist abgelaufen. Er geht an die nächste Person der Warteliste.",
)
HOLD_EXPIRED = Rule(
    "hold-expired",
    409,
    "The time to decide is over. The seat is free again.",
    "Die Frist für die Entscheidung ist abgelaufen. Der Platz ist wieder frei.",
)
PRICE_PENDING = Rule(
    "price-pending",
    409,
    "The price is not known yet. Please decide in a moment.",
    "Der Preis steht noch nicht fest. Bitte entscheiden Sie gleich noch einmal.",
)
ALREADY_DECIDED = Rule(
    "already-decided",
    409,
    "There is nothing to decide here any more.",
    "Hier ist nichts mehr zu entscheiden.",
)
NOTHING_TO_REMIND = Rule(
    "not-awaiting-approval",
    409,
    "Nobody has to decide on this at the moment.",
    "Hier steht gerade keine Entscheidung aus.",
)
REMINDED_TODAY = Rule(
    "reminded-already",
    409,
    "Those who decide have been reminded in the last 24 hours. After that it is possible again.",
    "In den letzten 24 Stunden wurde schon erinnert. Danach ist es wieder möglich.",
)
REASON_MISSING = Rule(
    "reason-missing",
    422,
    "Please give a reason for the rejection.",
    "Bitte begründen Sie die Ablehnung.",
)
NOT_CANCELLABLE = Rule(
    "not-cancellable",
    409,
    "This enrolment has already ended.",
    "Diese Buchung ist schon beendet.",
)
RUN_STARTED = Rule(
    "run-started",
    409,
    "The course has begun. It cannot be called off here any more.",
    "Der Kurs hat begonnen. Absagen ist hier nicht mehr möglich.",
)
ENDED_WITHOUT_COSTS = Rule(
    "ended-without-costs",
    409,
    "This enrolment has ended without costs. There is nothing to charge to a cost centre.",
    "Diese Buchung ist ohne Kosten beendet. Ihre Kostenstelle lässt sich nicht mehr ändern.",
)
TWICE_IN_LIST = Rule(
    "twice-in-list",
    409,
    "This person stands in the list more than once.",
    "Diese Person steht mehrfach in der Liste.",
)
NOT_ENOUGH_SEATS = Rule(
    "not-all-seats",
    409,
    "Not everybody in the list can get a seat, so nobody was booked.",
    "Nicht alle Personen der Liste können einen Platz bekommen. Es wurde niemand gebucht.",
)
TOO_MANY_ROWS = Rule(
    "too-many-rows",
    422,
    "A list can hold up to 2,000 people. Please send it in parts.",
    "Eine Liste kann bis zu 2.000 Personen enthalten. Teilen Sie sie auf.",
)
CURSOR_INVALID = Rule(
    "cursor-invalid",
    422,
    "This is not a place in the list. Please start at its beginning.",
    "Diese Stelle der Liste gibt es nicht. Beginnen Sie vorn.",
)
DAYS_REVERSED = Rule(
    "days-reversed",
    422,
    "The first day must not be later than the last one.",
    "Der erste Tag darf nicht nach dem letzten liegen.",
)
TOO_MANY_RUNS = Rule(
    "too-many-runs",
    422,
    "Ask for up to 100 runs at once.",
    "Sie können bis zu 100 Termine auf einmal abfragen.",
)
LAND_UNKNOWN = Rule(
    "land-unknown", 422, "There is no such Land.", "Dieses Bundesland gibt es nicht."
)
BY_CODE = {rule.code: rule for rule in list(globals().values()) if isinstance(rule, Rule)}
"""Every rule of this service by its public code."""

ALREADY_REQUESTED = Rule(
    ALREADY_ENROLLED.code,
    409,
    "You have already requested this seat.",
    "Sie haben diesen Platz schon angefragt.",
)
"""The same no, said to the person itself. In lists of people that of the organisation stands."""
