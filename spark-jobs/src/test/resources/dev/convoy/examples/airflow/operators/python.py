from airflow import DAG


class PythonOperator:
    def __init__(self, *, task_id, python_callable, execution_timeout):
        self.task_id = task_id
        self.python_callable = python_callable
        self.execution_timeout = execution_timeout
        DAG.last.tasks.append(self)
