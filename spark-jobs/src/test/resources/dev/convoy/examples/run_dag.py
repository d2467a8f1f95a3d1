"""Loads a DAG and runs its task once for each case of standard input, a line of JSON each; prints what Airflow would see, likewise."""

import importlib.util
import json
import signal
import sys

spec = importlib.util.spec_from_file_location("example_dag", sys.argv[1])
dag = importlib.util.module_from_spec(spec)
spec.loader.exec_module(dag)
task = dag.dag.tasks[0]
print(
    json.dumps(
        {
            "id": dag.dag.dag_id,
            "schedule": dag.dag.schedule,
            "catchup": dag.dag.catchup,
            "runs": dag.dag.max_active_runs,
            "retries": dag.dag.default_args["retries"],
            "tasks": [each.task_id for each in dag.dag.tasks],
            "command": dag.COMMAND,
            "codes": dag.CODES,
        }
    )
)


class Stopped(Exception):
    pass


def stop(number, frame):
    raise Stopped()


for line in sys.stdin:
    case = json.loads(line)
    told = []
    dag.tell = told.append
    dag.COMMAND = case["command"]
    dag.RESULT = case.get("result")
    if "stopAfter" in case:
        # As Airflow ends a task: a signal that becomes an exception.
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, case["stopAfter"])
    try:
        task.python_callable()
        outcome = "success"
    except Exception as failure:
        outcome = type(failure).__name__
    print(json.dumps({"outcome": outcome, "told": len(told)}))
