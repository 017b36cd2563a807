"""ClickHouse's HTTP interface in front of the engine that lives in a Python package (chdb-core).

For development and tests: the engine is ClickHouse's own, so queries, types, tables and error texts are the real
ones; there are no users and no native protocol. With a configuration it knows clusters and Keeper; but it has no port that
other servers could ask, so tables that are replicated can be made, and not written. What it speaks is what the Rust crate
`clickhouse` and Grafana's plugin use of https://clickhouse.com/docs/interfaces/http.

    python clickhouse_front.py --listen 127.0.0.1:8123 --data /some/folder
"""

import argparse
import gzip
import json
import os
import re
import signal
import socket
import struct
import sys
import threading
import time
import urllib.parse
import uuid
import zlib
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import lz4.block
import lz4.frame
from chdb import _chdb

from cityhash import cityhash128

# How many queries run at a time; the others wait. The engine parallelises each by itself.
SLOTS = 8
# How much of an answer is packed into one frame.
BLOCK = 1 << 20
# Parameters of the URL that are no settings of the query. All others are, as on a server.
NO_SETTINGS = {
    "query", "query_id", "database", "default_format", "user", "password", "quota_key", "role", "compress", "decompress",
    "stacktrace", "buffer_size", "wait_end_of_query", "session_id", "session_timeout", "session_check",
    "session_timezone", "close_session", "client_protocol_version", "http_response_headers",
}  # fmt: skip
# HTTP statuses of exceptions, as ClickHouse's exceptionCodeToHTTPStatus gives them; 500 for all others.
BAD_REQUEST = {6, 26, 27, 33, 38, 41, 53, 62, 69, 70, 72, 108, 117, 131, 280, 457}
NOT_FOUND = {16, 46, 47, 50, 56, 57, 60, 63, 81, 82, 115, 144, 377}
STATUSES = {
    **dict.fromkeys(BAD_REQUEST, 400), **dict.fromkeys(NOT_FOUND, 404), 48: 501, 159: 408, 164: 403, 497: 403,
}  # fmt: skip
CONTENT_TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNamesAndTypes": "text/tab-separated-values; charset=UTF-8",
}
FORMAT_AT_END = re.compile(r"\bFORMAT\s+(\w+)\s*(?:\bSETTINGS\b[^;]*)?;?\s*$", re.IGNORECASE)
COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)


class Refused(Exception):
    """A request that does not get as far as the engine, or that the engine refuses: answered in ClickHouse's words."""

    def __init__(self, code, text, status=None):
        super().__init__(text)
        self.code = code
        self.status = status or STATUSES.get(code, 500)

    @classmethod
    def by_engine(cls, error):
        text = str(error)
        code = re.match(r"Code: (\d+)", text)
        # The engine leaves its version out of some texts; clients may look for it.
        if "(version " not in text:
            text = f"{text} (version {ENGINE_VERSION})"
        return cls(int(code[1]) if code else 1001, text)

    @classmethod
    def ours(cls, code, name, text):
        return cls(code, f"Code: {code}. DB::Exception: {text} ({name}) (version {ENGINE_VERSION})")


class Engine:
    """The database in one folder. Only one process at a time can open it."""

    def __init__(self, data, config):
        self.data = f"file:{data}?config-file={config}" if config else data
        self.slots = threading.Semaphore(SLOTS)
        # Held for ever: the engine shuts down with its last connection.
        self.root = _chdb.connect(self.data)

    def run(self, work):
        """Runs `work` with a connection of its own: on one and the same, queries would wait for each other, and the
        database and settings of one request would be seen by the next."""
        with self.slots:
            connection = _chdb.connect(self.data)
            try:
                return work(connection)
            except RuntimeError as error:
                raise Refused.by_engine(error) from None
            finally:
                connection.close()

    def drain(self, seconds):
        """Waits until no query runs, and lets none begin."""
        deadline = time.monotonic() + seconds
        for _ in range(SLOTS):
            if not self.slots.acquire(timeout=max(0.0, deadline - time.monotonic())):
                return


class Result:
    """What a query gave."""

    def __init__(self, body, format, read_rows, read_bytes, written_rows, written_bytes):
        self.body = body
        self.format = format
        self.counts = {
            "read_rows": read_rows,
            "read_bytes": read_bytes,
            "written_rows": written_rows,
            "written_bytes": written_bytes,
            "total_rows_to_read": 0,
            "result_rows": written_rows,
            "result_bytes": len(body) or written_bytes,
        }


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def name(text):
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"


def prepare(connection, arguments, read_only):
    """Sets the database and the settings that a request asks for."""
    if database := arguments.get("database"):
        connection.query(f"USE {name(database)}")
    settings = []
    if zone := arguments.get("session_timezone"):
        settings.append(f"session_timezone = {quoted(zone)}")
    for key, value in arguments.items():
        if key not in NO_SETTINGS and not key.startswith("param_"):
            if not re.fullmatch(r"\w+", key):
                raise Refused.ours(115, "UNKNOWN_SETTING", f"Unknown setting {key!r}")
            settings.append(f"{key} = {quoted(value)}")
    if read_only:
        settings.append("readonly = 2")
    if settings:
        connection.query(f"SET {', '.join(settings)}")


def execute(connection, sql, arguments):
    """Runs a query whose data, if any, stand in its text."""
    parameters = {key.removeprefix("param_"): value for key, value in arguments.items() if key.startswith("param_")}
    default = arguments.get("default_format", "TabSeparated")
    result = connection.query(sql, default, params=parameters)
    clause = FORMAT_AT_END.search(sql)
    counts = result.rows_read(), result.bytes_read(), result.rows_written(), result.bytes_written()
    return Result(result.bytes() or b"", clause[1] if clause else default, *counts)


def insert(connection, sql, data, arguments):
    """Runs an INSERT whose data were sent apart from its text. All of `data` is there: a client that goes away in the
    middle of sending has inserted nothing."""
    clause = FORMAT_AT_END.search(sql)
    if clause:
        # Only the words FORMAT x are taken out; settings may follow them.
        start, end = clause.start(), clause.end(1)
        sql, format = sql[:start] + sql[end:], clause[1]
    elif re.search(r"\bVALUES\s*;?\s*$", sql, re.IGNORECASE):
        sql, format = re.sub(r"\bVALUES\s*;?\s*$", "", sql, flags=re.IGNORECASE), "Values"
    else:
        format = arguments.get("default_format", "Values")
    handle = connection.send_insert(sql.rstrip().rstrip(";"), format)
    if handle.has_error():
        raise RuntimeError(handle.error_message())
    try:
        if data:
            connection.insert_append(handle, data)
        result = connection.insert_done(handle)
    except RuntimeError:
        try:
            connection.insert_cancel(handle)
        except RuntimeError:
            pass  # it was over already
        raise
    if result.has_error():
        raise RuntimeError(result.error_message())
    return Result(b"", format, 0, 0, result.rows_written(), result.bytes_written())


def is_insert_with_data(sql):
    """Whether the data of this statement are to come in the body."""
    sql = COMMENTS.sub("", sql, count=1)
    if not re.match(r"INSERT\s+INTO\b", sql, re.IGNORECASE):
        return False
    return not re.search(r"\bSELECT\b", FORMAT_AT_END.sub("", sql), re.IGNORECASE)


def unpack_blocks(data):
    """Unpacks ClickHouse's own frames, which `decompress=1` announces: a checksum of 16 bytes, the method, the size of
    the rest with its header of 9, the size unpacked, the rest. The checksum is not looked at: TCP has one."""
    parts, at = [], 0
    while at < len(data):
        if len(data) - at < 25:
            raise Refused.ours(271, "CANNOT_DECOMPRESS", "Compressed data end in the middle of a header")
        method, packed, unpacked = struct.unpack_from("<BII", data, at + 16)
        begin, at = at + 25, at + 16 + packed
        if at > len(data) or packed < 9:
            raise Refused.ours(271, "CANNOT_DECOMPRESS", "Compressed data end in the middle of a block")
        block = data[begin:at]
        if method == 0x82:
            try:
                block = lz4.block.decompress(block, uncompressed_size=unpacked)
            except lz4.block.LZ4BlockError as error:
                raise Refused.ours(271, "CANNOT_DECOMPRESS", f"Cannot decompress a block: {error}") from None
        elif method != 0x02:
            raise Refused.ours(89, "UNKNOWN_COMPRESSION_METHOD", f"Unknown compression method {method:#x}")
        parts.append(block)
    return b"".join(parts)


def packed_in_blocks(data):
    """Packs an answer into the frames that `compress=1` asks for; clients look at their checksums."""
    blocks = []
    for at in range(0, len(data), BLOCK):
        block = data[at : at + BLOCK]
        packed = lz4.block.compress(block, store_size=False)
        framed = struct.pack("<BII", 0x82, len(packed) + 9, len(block)) + packed
        blocks += [cityhash128(framed), framed]
    return b"".join(blocks)


def parts_of_form(content_type, body):
    """The fields of a multipart/form-data body as text."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    fields = {}
    for part in message.iter_parts():
        key = part.get_param("name", header="content-disposition")
        if key:
            fields[key] = part.get_payload(decode=True).decode()
    return fields


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "ClickHouse"
    sys_version = ""
    disable_nagle_algorithm = True
    # Requests are read through a buffer, answers written in one piece.
    wbufsize = -1

    def log_message(self, format, *arguments):
        pass

    def do_GET(self):
        self.answer(read_only=True)

    def do_POST(self):
        self.answer(read_only=False)

    do_HEAD = do_GET

    def answer(self, read_only):
        begin = time.monotonic()
        url = urllib.parse.urlsplit(self.path)
        arguments = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.query_id = arguments.get("query_id") or str(uuid.uuid4())
        try:
            try:
                body = self.body()
                if url.path in ("/ping", "/replicas_status") or (url.path == "/" and not body and not arguments):
                    return self.send(200, b"Ok.\n", {"X-Process-Id": str(os.getpid())})
                if url.path != "/":
                    return self.send(404, f"There is no handle {url.path}\n".encode())
                result = self.result(body, arguments, read_only)
            except Refused as refused:
                print(f"{self.query_id}: {refused}", flush=True)
                headers = {"X-ClickHouse-Exception-Code": str(refused.code)}
                return self.send(refused.status, f"{refused}\n".encode(), headers)
            counts = {**result.counts, "elapsed_ns": int((time.monotonic() - begin) * 1e9)}
            headers = {
                "X-ClickHouse-Summary": json.dumps({key: str(value) for key, value in counts.items()}),
                "X-ClickHouse-Format": result.format,
                "X-ClickHouse-Timezone": TIMEZONE,
                "Content-Type": CONTENT_TYPES.get(result.format, "application/octet-stream"),
            }
            self.send(200, *self.packed(result.body, arguments, headers))
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the client went away; there is nobody to tell

    def result(self, body, arguments, read_only):
        """Runs what the request asks for."""
        kind = self.headers.get("Content-Type", "")
        try:
            if kind.startswith("multipart/form-data"):
                fields = parts_of_form(kind, body)
                arguments |= {key: value for key, value in fields.items() if key == "query" or key.startswith("param_")}
                body = b""
            elif kind.startswith("application/x-www-form-urlencoded") and body.startswith((b"query=", b"param_")):
                arguments |= dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
                body = b""
            sql = arguments.get("query", "")
            if sql and is_insert_with_data(sql):
                work = lambda connection: insert(connection, sql, body, arguments)
            else:
                # A text that is split between URL and body is joined, as on a server.
                text = "\n".join(part for part in (sql, body.decode()) if part)
                work = lambda connection: execute(connection, text, arguments)
        except UnicodeDecodeError as error:
            raise Refused.ours(62, "SYNTAX_ERROR", f"The query is not UTF-8: {error}") from None

        def prepared(connection):
            prepare(connection, arguments, read_only)
            return work(connection)

        return ENGINE.run(prepared)

    def body(self):
        """The whole body as it was before it was packed for the way."""
        self.hurry()
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            parts = []
            while size := int(self.line().split(b";")[0], 16):
                parts.append(self.exactly(size))
                self.exactly(2)
            while self.line():
                pass  # trailers
            data = b"".join(parts)
        else:
            data = self.exactly(int(self.headers.get("Content-Length") or 0))
        encoding = self.headers.get("Content-Encoding", "").lower()
        try:
            if encoding == "gzip":
                data = gzip.decompress(data)
            elif encoding == "deflate":
                data = zlib.decompress(data)
            elif encoding == "lz4":
                data = lz4.frame.decompress(data)
            elif encoding not in ("", "identity"):
                raise Refused.ours(89, "UNKNOWN_COMPRESSION_METHOD", f"Unknown Content-Encoding {encoding}")
        except (OSError, EOFError, zlib.error, RuntimeError) as error:
            raise Refused.ours(271, "CANNOT_DECOMPRESS", f"Cannot decompress the body: {error}") from None
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        return unpack_blocks(data) if query.get("decompress") == "1" else data

    def exactly(self, size):
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionError("the client went away")
        self.hurry()
        return data

    def line(self):
        line = self.rfile.readline(65536)
        if not line.endswith(b"\n"):
            raise ConnectionError("the client went away")
        return line.strip()

    def hurry(self):
        """Has the kernel acknowledge at once. A client without TCP_NODELAY waits 40 ms for that; the kernel forgets the
        wish after a while, hence again and again."""
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def packed(self, body, arguments, headers):
        """Packs an answer for the way if the client asked for that."""
        if arguments.get("compress") == "1":
            return packed_in_blocks(body), headers
        accepted = self.headers.get("Accept-Encoding", "")
        if arguments.get("enable_http_compression") == "1":
            if "gzip" in accepted:
                return gzip.compress(body, 1), {**headers, "Content-Encoding": "gzip"}
            if "lz4" in accepted:
                return lz4.frame.compress(body), {**headers, "Content-Encoding": "lz4"}
        return body, headers

    def send(self, status, body, headers=None):
        self.send_response(status)
        for key, value in {"Content-Type": "text/plain; charset=UTF-8", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("X-ClickHouse-Query-Id", self.query_id)
        self.send_header("X-ClickHouse-Server-Display-Name", "troupe-dev")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--data", required=True, metavar="FOLDER")
    parser.add_argument("--config", metavar="FILE", help="a server's configuration, e.g. of clusters and Keeper")
    options = parser.parse_args()
    global ENGINE, ENGINE_VERSION, TIMEZONE
    host, _, port = options.listen.rpartition(":")
    try:
        server = Server((host, int(port)), Handler)
    except OSError as error:
        sys.exit(f"cannot listen on {options.listen}: {error.strerror}")
    try:
        ENGINE = Engine(options.data, options.config)
    except RuntimeError as error:
        sys.exit(f"cannot open {options.data}: {error}")
    facts = ENGINE.root.query("SELECT version(), timezone()", "TabSeparated").bytes().decode()
    ENGINE_VERSION, TIMEZONE = facts.strip().split("\t")

    def stop(*_):
        # In a thread of its own: `shutdown` waits for the loop that this one interrupts.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"ClickHouse {ENGINE_VERSION} on http://{host}:{server.server_port}, data in {options.data}", flush=True)
    server.serve_forever(poll_interval=0.05)
    ENGINE.drain(10)
    ENGINE.root.close()
    # Threads of connections that are still open must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
