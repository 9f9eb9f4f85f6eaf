"""Who may use the pages about certificates."""

MATRIX = {
    "certificates.mine": "signed in",
    "certificates.paper": "signed in",
    "certificates.badge": "signed in",
    # Whoever holds the paper may check it, and wallets read the list of revoked ones.
    "certificates.ask": "public",
    "certificates.verify": "public",
    "certificates.revoked": "public",
    **dict.fromkeys(("certificates.issued", "certificates.one"), "organizer"),
    **dict.fromkeys(
        (
            *("certificates.new_template", "certificates.template", "certificates.save_template"),
            "certificates.drop_template",
        ),
        "administrator",
    ),
}
