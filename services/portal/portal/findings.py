"""The findings of the checker in words: what is wrong, and how to put it right.

The codes are those of the catalogue's verdicts. A code that is not known here is shown as the
checker says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.words import N_

Says = tuple[str, str]

_AMOUNT = N_("Beträge sind ganze Zahlen in Cent, zum Beispiel 29000 für 290,00 €.")
_INSTANT = N_("Schreiben Sie Datum, Uhrzeit und Zeitzone, zum Beispiel 2027-03-01T08:00:00Z.")
_LIMIT = N_("Die Grenze nennt die Meldung.")

WORDS: Mapping[str, Says] = {
    "missing": (N_("Diese Angabe fehlt."), N_("Ergänzen Sie das Feld.")),
    "unknown-value": (
        N_("Dieser Wert ist nicht vorgesehen."),
        N_("Die möglichen Werte nennt die Meldung."),
    ),
    "unknown-field": (
        N_("Dieses Feld kennen wir nicht; es wird übergangen."),
        N_("Prüfen Sie die Schreibweise, oder lassen Sie es weg."),
    ),
    "unknown-type": (N_("Diese Art von Nachricht gibt es hier nicht."), ""),
    "unknown-offer": (
        N_("Dieses Angebot ist nicht veröffentlicht."),
        N_("Prüfen Sie provider_id und offer_ref."),
    ),
    "unknown-skill": (
        N_("Diese Kompetenz gibt es in DigComp 2.2 nicht."),
        N_("Nehmen Sie einen Code wie 1.3."),
    ),
    "too-small": (N_("Der Wert ist zu klein."), _LIMIT),
    "too-large": (N_("Der Wert ist zu groß."), _LIMIT),
    "too-short": (N_("Der Text ist zu kurz."), _LIMIT),
    "too-long": (N_("Der Text ist zu lang."), _LIMIT),
    "too-many": (N_("Das sind zu viele Einträge."), _LIMIT),
    "not-an-integer": (N_("Hier steht keine ganze Zahl."), _AMOUNT),
    "not-text": (N_("Hier steht kein Text."), N_("Setzen Sie den Wert in Anführungszeichen.")),
    "not-a-boolean": (N_("Hier steht weder true noch false."), ""),
    "not-a-list": (N_("Hier steht keine Liste."), N_("Setzen Sie die Werte in eckige Klammern.")),
    "not-an-object": (
        N_("Hier steht kein Objekt."),
        N_("Setzen Sie die Angaben in geschweifte Klammern."),
    ),
    "not-an-instant": (N_("Der Zeitpunkt ist nicht lesbar."), _INSTANT),
    "not-a-day": (N_("Der Tag ist nicht lesbar."), N_("Schreiben Sie ihn wie 2027-02-15.")),
    "needs-offset": (N_("Dem Zeitpunkt fehlt die Zeitzone."), _INSTANT),
    "not-a-url": (
        N_("Die Adresse ist unvollständig."),
        N_("Sie beginnt mit https:// oder http://."),
    ),
    "not-a-price": (N_("Der Preis ist nicht lesbar."), _AMOUNT),
    "bad-character": (
        N_("Ein Zeichen kann nicht gespeichert oder gezeigt werden."),
        N_("Entfernen Sie Steuerzeichen aus dem Text."),
    ),
    "wrong-form": (N_("Der Wert hat nicht die verlangte Form."), N_("Sehen Sie im Schema nach.")),
    "wrong-value": (N_("Der Wert passt nicht."), N_("Sehen Sie im Schema nach.")),
    "out-of-range": (N_("Das Jahr liegt außerhalb des Möglichen."), _LIMIT),
    "in-the-past": (
        N_("Der Termin hat schon begonnen."),
        N_("Reichen Sie nur kommende Termine ein."),
    ),
    "far-away": (
        N_("Der Termin liegt mehr als zehn Jahre in der Zukunft."),
        N_("Prüfen Sie das Jahr."),
    ),
    "ends-before-start": (
        N_("Das Ende liegt nicht nach dem Beginn."),
        N_("Setzen Sie ein späteres Ende."),
    ),
    "closes-after-start": (
        N_("Der Anmeldeschluss liegt nach dem Beginn."),
        N_("Setzen Sie einen früheren Zeitpunkt."),
    ),
    "decided-after-start": (
        N_("Der Tag der Entscheidung liegt nach dem Beginn."),
        N_("Setzen Sie einen früheren Tag."),
    ),
    "closes-after-end": (
        N_("Der Anmeldeschluss liegt nach dem Ende."),
        N_("Setzen Sie einen früheren Zeitpunkt."),
    ),
    "above-capacity": (
        N_("Die Mindestzahl ist größer als die Platzzahl."),
        N_("Senken Sie die Mindestzahl, oder erhöhen Sie die Platzzahl."),
    ),
    "capacity-below-taken": (
        N_("Es sind schon mehr Plätze vergeben."),
        N_("Wer einen Platz hat, behält ihn. Weitere Buchungen gibt es nicht."),
    ),
    "duplicate-run-ref": (
        N_("Dieser Termin steht schon in einem früheren Eintrag."),
        N_("Jeder Termin braucht eine eigene run_ref."),
    ),
    "duplicate-id": (N_("Diese Kennung steht schon weiter oben."), ""),
    "member-above-standard": (
        N_("Der Mitgliedspreis ist höher als der Normalpreis."),
        N_("Setzen Sie member_cents höchstens auf standard_cents."),
    ),
    "price-and-costs": (
        N_("Angegeben sind Preis und Kosten, oder keins von beiden."),
        N_("Geben Sie entweder price oder costs an."),
    ),
    "no-participants": (
        N_("Ohne Teilnehmende ergibt sich kein Preis."),
        N_("Rechnen Sie mit mindestens einer Person."),
    ),
    "no-runs": (
        N_("Das Angebot hat keinen Termin."),
        N_("Ohne Termin kann niemand buchen."),
    ),
    "no-cancellation-policy": (
        N_("Es fehlt eine Regel für Absagen."),
        N_("Ohne Regel ist die Absage immer kostenlos."),
    ),
    "no-member-price": (
        N_("Es fehlt der Mitgliedspreis."),
        N_("Ohne ihn zahlen alle den gleichen Preis."),
    ),
    "not-falling": (
        N_("Die Fristen der Absageregel sind nicht absteigend."),
        N_("Jeder Schritt braucht weniger Tage als der davor."),
    ),
    "key-mismatch": (
        N_("Der Schlüssel der Nachricht passt nicht zum Angebot."),
        N_("Der Schlüssel ist provider_id/offer_ref."),
    ),
    "other-source": (N_("Dieses Angebot wird schon auf anderem Weg veröffentlicht."), ""),
    "run-left-out": (
        N_("Ein veröffentlichter Termin fehlt in dieser Fassung."),
        N_("Er nimmt keine Buchungen mehr an; bestehende bleiben."),
    ),
    "run-reopened": (N_("Ein abgesagter Termin nimmt wieder Buchungen an."), ""),
    "not-json": (N_("Der Inhalt ist kein lesbares JSON."), N_("Prüfen Sie ihn im Prüfer.")),
    "capacity-assumed": (N_("Die Zahl der Plätze ist nicht bekannt und wird angenommen."), ""),
    "dates-unpaired": (N_("Es gibt nicht so viele Enden wie Anfänge."), ""),
    "duplicate-run": (N_("Derselbe Beginn steht zweimal da."), ""),
    "no-code": (N_("Eine Kompetenz ohne Code bleibt weg."), N_("Ergänzen Sie ihren Code.")),
    "not-one-time": (N_("Der Preis gilt als einmaliger Preis."), ""),
    "empty": (N_("Die Nachricht hat keinen Inhalt."), ""),
    "not-utf8": (N_("Der Inhalt ist kein Text in UTF-8."), ""),
    "too-deep": (N_("Der Text ist zu tief verschachtelt."), ""),
    "not-a-number": (N_("NaN und Infinity sind in JSON keine Zahlen."), ""),
    "number-too-large": (N_("Eine Zahl ist zu groß."), ""),
    "duplicate-key": (N_("Ein Name steht zweimal im selben Objekt."), ""),
}


@dataclass(frozen=True)
class Shown:
    """A finding as it is shown: `what` and `how` are of the catalogue."""

    pointer: str
    code: str
    detail: str
    what: str
    how: str


def shown(finding: Mapping[str, str]) -> Shown:
    """A finding with its words."""
    code, detail = finding["code"], finding["detail"]
    what, how = WORDS.get(code, (detail, ""))
    return Shown(finding["pointer"], code, detail, what, how)
