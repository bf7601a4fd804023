"""The helpers of the Python client, fed by a server-side cursor. Prints what task.ts prints, and the peak of resident memory."""
import json
import sys
import time

import psycopg
from elasticsearch import Elasticsearch
from elasticsearch.helpers import parallel_bulk, streaming_bulk

task = json.loads(sys.argv[1])
loads, serializer = json.loads, {}
if task["orjson"]:
    import orjson
    from elastic_transport import OrjsonSerializer

    loads, serializer = orjson.loads, {"serializer": OrjsonSerializer()}

JSON_COLUMNS = {"inputs", "process_data", "outputs", "execution_metadata"}
TIME_COLUMNS = {"created_at", "finished_at"}


def parsed(text):
    try:
        return loads(text)
    except ValueError:
        return {"text": text}


def actions(connection):
    with connection.cursor(name="rows") as cursor:
        cursor.itersize = task["batch"]
        cursor.execute("select * from workflow_node_executions where tenant_id = %s", (task["tenantId"],))
        names = [column.name for column in cursor.description]
        for row in cursor:
            document = dict(zip(names, row))
            created_at = document["created_at"]
            for name in JSON_COLUMNS:
                if document[name] is not None:
                    document[name] = parsed(document[name])
            for name in TIME_COLUMNS:
                if document[name] is not None:
                    document[name] = document[name].replace(" ", "T") + "Z"
            index = task["indexBase"] + created_at[:7].replace("-", ".")
            yield {"_op_type": "index", "_index": index, "_id": document["id"], "_source": document}


def as_text(connection, *types):
    """Leaves times and ids as the text that the database sends: objects would cost more."""
    for name in types:
        connection.adapters.register_loader(name, psycopg.types.string.TextLoader)


client = Elasticsearch(task["elasticsearchUrl"], request_timeout=60, **serializer)
started_cpu, started = time.process_time(), time.perf_counter()
rows = 0
with psycopg.connect(task["databaseUrl"]) as connection:
    as_text(connection, "timestamp", "uuid")
    if task["threads"]:
        helper = parallel_bulk(client, actions(connection), thread_count=task["threads"], chunk_size=task["batch"])
    else:
        helper = streaming_bulk(client, actions(connection), chunk_size=task["batch"])
    for ok, _ in helper:
        assert ok
        rows += 1
seconds = time.perf_counter() - started
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024
print(json.dumps({"rows": rows, "seconds": seconds, "startSeconds": started_cpu, "peakBytes": peak}))
