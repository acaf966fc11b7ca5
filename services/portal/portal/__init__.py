"""The web client of KommunalCampus. Owns no data of the domain: sessions and drafts only."""
