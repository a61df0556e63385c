"""Writes very many rows of one table the fastest way its database offers, past the ORM's objects.

For rows that are already checked: triggers and constraints still apply, `save()` and auto fields do not.
"""

import io
import math
from datetime import UTC, date, datetime
from itertools import islice

import numpy as np
from django.db import connections, router

BATCH = 20_000
# Bytes that COPY takes from a buffer at a time.
CHUNK = 1 << 20
# PostgreSQL's binary COPY: signature, flags, no extension; every field is its length and its bytes, big-endian.
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_EPOCH = np.datetime64("2000-01-01T00:00:00", "us")
_NULL = -1
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def insert(model, columns, rows):
    """Insert `rows` (iterable of value tuples in the order of `columns`, database column names)."""
    connection = connections[router.db_for_write(model)]
    write = _copy if connection.vendor == "postgresql" else _insert_many
    rows = iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(rows, BATCH)):
            write(cursor, model._meta.db_table, columns, batch)


def _copy(cursor, table, columns, batch):
    buffer = io.StringIO("".join("\t".join(map(_written, row)) + "\n" for row in batch))
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", buffer)


def _written(value):
    """A value in COPY's own text format, where a note that reads \\N stays one."""
    return "\\N" if value is None else str(value).translate(_ESCAPES)


def _insert_many(cursor, table, columns, batch):
    places = ", ".join(["%s"] * len(columns))
    # Table and columns are the model's own names.
    cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", batch)  # noqa: S608


def insert_columns(model, columns):
    """Insert rows given as columns: name → array (n,), or (n, k) of bytes for packed values, or one value for all.

    A float that is NaN becomes NULL. On PostgreSQL no Python object is made for a row: NumPy lays out the bytes of a
    binary COPY. Rows whose texts have the same lengths stand together then.
    """
    connection = connections[router.db_for_write(model)]
    fields = {field.name: field for field in model._meta.concrete_fields}
    named = {fields[name].column: values for name, values in columns.items()}
    rows = max(len(values) for values in named.values() if isinstance(values, np.ndarray))
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            kinds = [fields[name].db_type(connection) for name in columns]
            _copy_binary(cursor, model._meta.db_table, list(named), _binary(rows, named.values(), kinds))
        else:
            _insert_many(cursor, model._meta.db_table, list(named), _rows(rows, named.values()))


def _copy_binary(cursor, table, columns, content):
    cursor.copy_expert(
        f"COPY {table} ({', '.join(columns)}) FROM STDIN WITH (FORMAT binary)", io.BytesIO(content), CHUNK
    )


def _binary(rows, columns, kinds):
    """The content of a binary COPY."""
    fields = [_field(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    lengths = [np.char.str_len(values) for values, _ in fields if values.dtype.kind == "S"]
    if not lengths:
        return b"".join((_HEADER, _records(rows, fields), _TRAILER))
    _, run_of = np.unique(np.stack(lengths), axis=1, return_inverse=True)
    runs = [np.flatnonzero(run_of == run) for run in range(run_of.max() + 1)]
    records = [_records(len(run), [_chosen(run, *field) for field in fields]) for run in runs]
    return b"".join((_HEADER, *records, _TRAILER))


def _chosen(run, values, is_null):
    return values[run] if values.ndim else values, None if is_null is None else is_null[run]


def _records(rows, fields):
    """Rows whose texts are all as long as the first one's: records of one width, less the values that are NULL."""
    layout = [("count", ">i2")]
    for number, (values, _) in enumerate(fields):
        dtype = f"S{len(values[0])}" if values.dtype.kind == "S" else values.dtype
        layout += [(f"length{number}", ">i4"), (f"value{number}", dtype, values.shape[1:])]
    record = np.zeros(rows, dtype=layout)
    record["count"] = len(fields)
    for number, (values, is_null) in enumerate(fields):
        size = record.dtype[f"value{number}"].itemsize
        record[f"value{number}"] = values
        record[f"length{number}"] = size if is_null is None else np.where(is_null, _NULL, size)
    return _without_nulls(record, fields)


def _without_nulls(record, fields):
    nulls = [(f"value{number}", is_null) for number, (_, is_null) in enumerate(fields) if is_null is not None]
    if not nulls:
        return record.tobytes()
    content = record.view(np.uint8).reshape(len(record), -1)
    is_kept = np.ones(content.shape, dtype=bool)
    for name, is_null in nulls:
        dtype, start = record.dtype.fields[name]
        is_kept[is_null, start : start + dtype.itemsize] = False
    return content[is_kept].tobytes()


def _field(values, kind):
    """A column as the big-endian array that COPY takes, texts as bytes, and where it is NULL if anywhere."""
    if isinstance(values, datetime):
        values = (np.datetime64(values.astimezone(UTC).replace(tzinfo=None), "us") - _EPOCH).astype(np.int64)
    elif isinstance(values, date):
        values = np.int64((values - date(2000, 1, 1)).days)
    values = np.asarray(values)
    if values.dtype.kind == "U":
        return np.char.encode(values, "utf-8"), None
    code = _CODES.get(kind)
    if values.dtype.kind != "f":
        return (values.astype(code) if code else values), None
    is_null = np.isnan(values)
    if not is_null.any():
        return values.astype(code), None
    return np.where(is_null, 0, values).astype(code), is_null


_CODES = {
    "bigint": ">i8",
    "integer": ">i4",
    "date": ">i4",
    "smallint": ">i2",
    "double precision": ">f8",
    "boolean": "u1",
    "timestamp with time zone": ">i8",
}


def _rows(rows, columns):
    """The columns as tuples of plain values, for a database without COPY."""
    listed = [_listed(values, rows) for values in columns]
    return list(zip(*listed, strict=True))


def _listed(values, rows):
    if not isinstance(values, np.ndarray):
        return [values] * rows
    if values.ndim > 1:
        return [row.tobytes() for row in values]
    if values.dtype.kind == "f":
        return [None if math.isnan(value) else value for value in values.tolist()]
    return values.tolist()


def select_columns(model, where, parameters, columns):
    """Rows as columns: name → array. columns: name → dtype; a bytes column of n bytes has the dtype (np.uint8, n).

    Only for columns that are never NULL and of fixed width. `where`: SQL over the table's own columns, with ORDER BY.
    """
    connection = connections[router.db_for_read(model)]
    table = model._meta.db_table
    query = f"SELECT {', '.join(columns)} FROM {table} WHERE {where}"  # noqa: S608
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            return _copied_out(cursor, cursor.mogrify(query, parameters).decode(), columns)
        cursor.execute(query, parameters)
        return _selected(cursor.fetchall(), columns)


def _copied_out(cursor, query, columns):
    buffer = io.BytesIO()
    cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT binary)", buffer)
    layout = [("count", ">i2")]
    for name, dtype in columns.items():
        layout += [(f"{name} length", ">i4"), (name, *_wide(dtype))]
    content = np.frombuffer(buffer.getbuffer(), dtype=np.uint8)[len(_HEADER) : -len(_TRAILER)]
    record = content.view(np.dtype(layout))
    return {name: record[name] for name in columns}


def _wide(dtype):
    return dtype if isinstance(dtype, tuple) else (np.dtype(dtype).newbyteorder(">"),)


def _selected(rows, columns):
    found = {}
    for number, (name, dtype) in enumerate(columns.items()):
        values = [row[number] for row in rows]
        if isinstance(dtype, tuple):
            packed = b"".join(bytes(value) for value in values)
            found[name] = np.frombuffer(packed, dtype=np.uint8).reshape(len(rows), dtype[1])
        else:
            found[name] = np.array(values, dtype=dtype)
    return found
