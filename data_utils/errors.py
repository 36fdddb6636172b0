"""The exceptions that mean: the input is wrong, and here is the sentence that says how to mend it."""


class BadInput(ValueError):
    """What a person gave cannot be used. The message is one sentence: what, where, and what would be right.

    The command line prints it and exits with code 2; anything else that is raised is a bug of ours.
    """


class BadRecord(ValueError):
    """This record cannot be used; the message says why and makes sense after the record's name.

    A builder leaves such a record out, names it, counts it, and goes on with the rest.
    """
