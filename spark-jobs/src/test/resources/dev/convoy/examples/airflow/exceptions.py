class AirflowException(Exception):
    """The task failed, and may be tried again."""


class AirflowFailException(AirflowException):
    """The task failed for good."""


class AirflowSkipException(AirflowException):
    """The task had nothing to do."""
