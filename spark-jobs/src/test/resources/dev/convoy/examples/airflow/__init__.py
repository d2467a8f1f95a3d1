"""A stand-in for what the example imports from Airflow: it keeps what it is given."""


class DAG:
    last = None

    def __init__(self, dag_id, *, schedule, start_date, catchup, max_active_runs, default_args, tags):
        self.dag_id = dag_id
        self.schedule = schedule
        self.start_date = start_date
        self.catchup = catchup
        self.max_active_runs = max_active_runs
        self.default_args = default_args
        self.tasks = []

    def __enter__(self):
        DAG.last = self
        return self

    def __exit__(self, *failure):
        return False
