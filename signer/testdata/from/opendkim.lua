-- Prints which case a message is, and the domain that OpenDKIM has found in its
-- From field. OpenDKIM runs a script once without a message, too.
print(odkim.get_header(ctx, "X-Case", 0), odkim.get_fromdomain(ctx))
return nil
