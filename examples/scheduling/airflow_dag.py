"""A night of retraining by Airflow 2.4 or later, or 3; the file goes into the folder of DAGs.

Change: SCHEDULE, COMMAND (absolute paths on the worker) and tell(), which should reach a person.
RESULT is for Spark's cluster mode, where the exit code of COMMAND says nothing: a pattern for the files of all nights, of which
the one of this start tells the truth.

Started again, by a retry or by hand, a night does no harm: Convoy has one decision for one input, and goes on where it died.
"""

from __future__ import annotations

import glob
import json
import logging
import re
import subprocess
import time
from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

try:
    from airflow.providers.standard.operators.python import PythonOperator
except ImportError:  # Airflow 2
    from airflow.operators.python import PythonOperator

SCHEDULE = "15 2 * * *"
COMMAND = ["/opt/convoy/scripts/convoy", "retrain", "/etc/convoy/pets.conf"]
RESULT = None  # or "/mnt/runs/pets-retrain-*/result.json", if COMMAND is spark-submit --deploy-mode cluster

STAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
PROMOTED, FAILED, REJECTED, NOOP, LOCKED, INVALID_DATA, CLASSES_CHANGED = 0, 1, 10, 11, 12, 13, 14
CODES = {
    "PROMOTED": PROMOTED,
    "FAILED": FAILED,
    "REJECTED": REJECTED,
    "NOOP": NOOP,
    "LOCKED": LOCKED,
    "INVALID_DATA": INVALID_DATA,
    "CLASSES_CHANGED": CLASSES_CHANGED,
}


def tell(message):
    """Somebody should hear of it: put mail or chat here."""
    logging.getLogger("convoy").warning(message)


def recorded(pattern, since):
    """The code of what this start's result.json says; one that is missing or unfinished is a failed night."""
    begun = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(since))
    # Folders are called after their start. One that began earlier is another's, though it may be written to now.
    own = [path for path in glob.glob(pattern) if max(STAMP.findall(path), default="") >= begun]
    try:
        with open(min(own, key=lambda path: max(STAMP.findall(path))), encoding="utf-8") as file:
            return CODES.get(json.load(file).get("status"), FAILED)
    except (OSError, ValueError, AttributeError):
        return FAILED


def retrain():
    """Runs COMMAND; skipped if there was nothing to do, failed if somebody must act."""
    since = time.time()
    process = subprocess.Popen(COMMAND)
    try:
        code = process.wait()
    finally:
        # Airflow ends a task by an exception: the training is told too, and keeps its state.
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=90)
            except subprocess.TimeoutExpired:
                process.kill()
    if RESULT is not None:
        code = recorded(RESULT, since)
    if code in (NOOP, LOCKED):
        raise AirflowSkipException("nothing new" if code == NOOP else "another job is at it")
    if code in (INVALID_DATA, CLASSES_CHANGED):
        # To try again would not mend the data.
        raise AirflowFailException(f"convoy retrain ended with {code}: look at the data")
    if code == REJECTED:
        tell("convoy retrain: the new model was rejected, the champion stays; result.json says why")
    elif code != PROMOTED:
        raise AirflowException(f"convoy retrain ended with {code}")


with DAG(
    dag_id="convoy_retrain_pets",
    schedule=SCHEDULE,
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=15)},
    tags=["convoy"],
) as dag:
    PythonOperator(task_id="retrain", python_callable=retrain, execution_timeout=timedelta(hours=20))
