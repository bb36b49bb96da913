"""Where pictures are looked at: one large, two compared, or a contact sheet."""
