"""Why a verb of filing or review is not done; the pages make sentences of them."""


class WrongStatus(Exception):
    """Somebody else was quicker, or the step does not follow from where the report stands."""


class Locked(WrongStatus):
    """The calendar, or a return of single cells, keeps this from being changed; `lock`: why, who can lift it, when."""

    def __init__(self, lock):
        super().__init__(str(lock))
        self.lock = lock


class Stale(Exception):
    """The month was saved again since the acting person last saw it."""


class NotAsked(Exception):
    """The month's edition does not ask for the item."""


class CellTaken(Exception):
    """The cell holds another answer than the acting person saw; `stored`: it (Entry or None), `event`: who saved it."""

    def __init__(self, stored, event):
        super().__init__(f"已保存的是 {stored or '未填'}")
        self.stored, self.event = stored, event


class Refused(Exception):
    """The lines contradict each other, or a warning lacks its reason; `errors` says where."""

    def __init__(self, errors):
        super().__init__("；".join(error.message for error in errors))
        self.errors = errors
