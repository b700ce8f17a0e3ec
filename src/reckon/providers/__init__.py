"""THE BACKENDS. One file per wire format and per engine; they know no money."""
