#!/usr/bin/env python3
"""Files of up to 5 MB that were made to take much of the machine, and what reading each takes.

    cargo build --release && python3 benches/bounds.py            # or some: benches/bounds.py xlsx gz

Makes each file below a temporary folder, reads it with `campaign check` (lists with `campaign suppress import`, events with
`campaign deliveries import`), and prints a line of docs/design/threats.md for each: outcome, the greatest resident memory,
and processor seconds (which other work on the machine does not lengthen). Fails where a bound is broken: 256 MB, 10 s, a
signal, or a panic. zstd's files need its command.
"""

import gzip
import io
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CAMPAIGN = os.environ.get("CAMPAIGN", str(ROOT / "target/release/campaign"))
MEGABYTES, SECONDS, LARGEST = 256, 10.0, 5_000_000

DEFINITION = """\
[connect]
instance_id = "11111111-2222-3333-4444-555555555555"
contact_flow_id = "66666666-7777-8888-9999-000000000000"
source = "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
[contact]
message = "Hi {{ name }}"
[account]
check = "off"
opt_outs = false
"""

HEADER = b"phone,name\n"
CASES = []


def case(kind, made_of, name, command=("check",)):
    """A function that makes the bytes of a file, under what the table says of it."""

    def add(make):
        CASES.append((kind, made_of, name, command, make))
        return make

    return add


# --- CSV


@case("CSV", "1,000,000 columns", "columns.csv")
def _():
    return b"phone,name" + b",c" * 2_400_000


@case("CSV", "one line of 5 MB", "line.csv")
def _():
    return b"x" * LARGEST


@case("CSV", "a row of 5 MB", "row.csv")
def _():
    return HEADER + b"+12025550101," + b"x" * 4_900_000


@case("CSV", "quotes alone", "quotes.csv")
def _():
    return HEADER + b'"' * 4_900_000


@case("CSV", "carriage returns alone", "returns.csv")
def _():
    return HEADER + b"\r" * 4_900_000


@case("CSV", "NUL bytes alone", "nul.csv")
def _():
    return HEADER + b"\0" * 4_900_000


@case("CSV", "16,000 columns of one name, 150 rows", "same.csv")
def _():
    return b"phone,name" + b",c" * 16_000 + (b"\n+12025550101,A" + b",c" * 16_000) * 150


@case("CSV", "3,000 columns with names of 300 characters", "names.csv")
def _():
    return b"phone,name," + b",".join(b"%04d" % n + b"n" * 300 for n in range(3_000)) + b"\n+12025550101,A\n" * 200_000


@case("CSV", "160,000 rows of one number", "one-number.csv")
def _():
    return HEADER + b"+12025550101,Ann with a longer name\n" * 135_000


@case("CSV", "UTF-16, one key", "utf16.csv")
def _():
    return (HEADER * 1 + b"+12025550101,Ann\n" * 140_000).decode().encode("utf-16")


@case("CSV", "bytes at random", "random.csv")
def _():
    return HEADER + random.Random(1).randbytes(4_900_000)


@case("CSV", "combining marks and letters that change their length", "marks.csv")
def _():
    return HEADER + b"+12025550101," + ("e\u0301\u0130\ufdfa" * 400_000).encode()


# --- archives


def gz(pieces):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0) as file:
        for piece in pieces:
            file.write(piece)
    return out.getvalue()


@case("gzip", "4.8 GB of blank lines", "blank.csv.gz")
def _():
    return gz([HEADER, *[b"\n" * 1_000_000] * 4_800])


@case("gzip", "4.8 GB in one line", "line.csv.gz")
def _():
    return gz([HEADER, *[b"x" * 1_000_000] * 4_800])


@case("gzip", "4.8 GB of quotes", "quotes.csv.gz")
def _():
    return gz([HEADER, *[b'"' * 1_000_000] * 4_800])


@case("gzip", "rows of one number, 100 times the file", "rows.csv.gz")
def _():
    return gz([HEADER, *[b"+12025550101,Ann\n" * 50_000] * 560])


@case("gzip", "240,000 empty members", "members.csv.gz")
def _():
    return gz([HEADER, b"+12025550101,Ann\n"]) + gz([]) * 240_000


@case("gzip", "zeros that begin as a workbook", "zip.xlsx.gz")
def _():
    return gz([b"PK\x03\x04", *[b"\0" * 1_000_000] * 4_800])


def zst(pieces, level="-19"):
    if not shutil.which("zstd"):
        return None
    process = subprocess.Popen(["zstd", level, "-c", "-q"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out = []
    reader = threading.Thread(target=lambda: out.append(process.stdout.read()))
    reader.start()
    for piece in pieces:
        process.stdin.write(piece)
    process.stdin.close()
    reader.join()
    process.wait()
    return out[0]


@case("zstd", "blank lines, 10,000 times the file", "blank.csv.zst")
def _():
    return zst([HEADER, *[b"\n" * 1_000_000] * 3_000], "-3")


@case("zstd", "500,000 frames", "frames.csv.zst")
def _():
    frame = zst([b"\n"], "-3")
    return frame and zst([HEADER, b"+12025550101,Ann\n"], "-3") + frame * (4_900_000 // len(frame))


@case("zstd", "a window of 2 TB that is declared", "window.csv.zst")
def _():
    # Magic, a frame header without a single segment, the largest window descriptor, one raw last block.
    return b"\x28\xb5\x2f\xfd" + b"\x00" + b"\xff" + struct.pack("<I", (11 << 3) | 1)[:3] + b"phone,name\n"


def zipped(parts, level=9):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, text in parts:
            archive.writestr(name, text)
    return out.getvalue()


@case("zip", "archives in archives, 3,000 deep", "nested.zip")
def _():
    inner = b"phone,name\n+12025550101,Ann\n"
    for _ in range(3_000):
        inner = zipped([("a.csv", inner)], 1)
    return inner


@case("zip", "45,000 files", "files.zip")
def _():
    return zipped([(f"{n:05}.csv", b"") for n in range(45_000)])


@case("zip", "one file of 4.8 GB", "one.zip")
def _():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open("a.csv", "w", force_zip64=True) as file:
            file.write(HEADER)
            for _ in range(4_800):
                file.write(b"\n" * 1_000_000)
    return out.getvalue()


# --- .xlsx

RELATIONS = (
    '<Relationships><Relationship Id="a" Type="x/worksheet" Target="s.xml"/>'
    '<Relationship Id="b" Type="x/sharedStrings" Target="t.xml"/>'
    '<Relationship Id="c" Type="x/styles" Target="f.xml"/></Relationships>'
)


def sheet(rows, after=""):
    cell = '<c r="{}" t="inlineStr"><is><t>{}</t></is></c>'
    head = cell.format("A1", "phone") + cell.format("B1", "name")
    return f'<worksheet><sheetData><row r="1">{head}</row>{rows}</sheetData>{after}</worksheet>'


def xlsx(**parts):
    usual = {
        "workbook": '<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>',
        "relations": RELATIONS,
        "s": sheet(""),
        "t": "<sst></sst>",
        "f": "<styleSheet/>",
    } | parts
    names = {"workbook": "xl/workbook.xml", "relations": "xl/_rels/workbook.xml.rels"}
    return zipped([(names.get(name, f"xl/{name}.xml"), text) for name, text in usual.items()])


@case(".xlsx", "60,000,000 empty elements", "elements.xlsx")
def _():
    return xlsx(s=sheet("<a/>" * 60_000_000))


@case(".xlsx", "40,000,000 empty rows", "empty-rows.xlsx")
def _():
    return xlsx(s=sheet("<row/>" * 40_000_000))


@case(".xlsx", "a text of 100 KB in 2,400,000 cells", "shared.xlsx")
def _():
    row = "<row>" + '<c t="s"><v>0</v></c>' * 8 + "</row>"
    return xlsx(s=sheet(row * 300_000), t="<sst><si><t>" + "x" * 100_000 + "</t></si></sst>")


@case(".xlsx", "a text of 1 KB in 8,000,000 cells", "shared-short.xlsx")
def _():
    row = "<row>" + '<c t="s"><v>0</v></c>' * 8 + "</row>"
    return xlsx(s=sheet(row * 1_000_000), t="<sst><si><t>" + "x" * 1_000 + "</t></si></sst>")


@case(".xlsx", "1,000,000 rows of one number", "rows.xlsx")
def _():
    row = '<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
    return xlsx(s=sheet(row * 1_000_000), t="<sst><si><t>+12025550101</t></si><si><t>Ann</t></si></sst>")


@case(".xlsx", "200,000 rejected rows below 20,000 merged areas", "merged.xlsx")
def _():
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(2, 200_002))
    areas = "".join(f'<mergeCell ref="A{n}:B{n}"/>' for n in range(200_010, 220_010))
    return xlsx(s=sheet(rows, f"<mergeCells>{areas}</mergeCells>"))


@case(".xlsx", "100,000 sheets", "sheets.xlsx")
def _():
    sheets = "".join(f'<sheet name="S{n}" r:id="a"/>' for n in range(100_000))
    return xlsx(workbook=f'<workbook xmlns:r="r"><sheets>{sheets}</sheets></workbook>')


@case(".xlsx", "relations of 100 KB each", "relations.xlsx")
def _():
    one = '<Relationship Id="{}" Type="x" Target="' + "x" * 100_000 + '"/>'
    return xlsx(relations="<R>" + "".join(one.format(n) for n in range(2_000)) + "</R>")


@case(".xlsx", "200,000 formats", "formats.xlsx")
def _():
    formats = "".join(f'<numFmt numFmtId="{n}" formatCode="yyyy{"d;" * 20}"/>' for n in range(200, 200_200))
    return xlsx(f=f"<styleSheet><numFmts>{formats}</numFmts></styleSheet>")


@case(".xlsx", "an element with 120,000 attributes, 60 times", "attributes.xlsx")
def _():
    element = "<row " + " ".join(f'a{n}="1"' for n in range(120_000)) + "/>"
    return xlsx(s=sheet(element * 60))


@case(".xlsx", "2,000,000 open elements", "open.xlsx")
def _():
    return xlsx(s="<a>" * 2_000_000)


@case(".xlsx", "a text of 400 MB", "text.xlsx")
def _():
    return xlsx(s=sheet('<row><c t="inlineStr"><is><t>' + "x" * 400_000_000))


@case(".xlsx", "the last column of each of 400,000 rows", "far.xlsx")
def _():
    return xlsx(s=sheet('<row><c r="XFD1"><v>1</v></c></row>' * 400_000))


@case(".xlsx", "12,000,000 entities in texts", "entities.xlsx")
def _():
    return xlsx(s=sheet('<row><c t="inlineStr"><is><t>' + ("&#65;" * 100 + "</t><t>") * 120_000 + "</t></is></c></row>"))


# --- .ods


def ods(rows):
    cell = '<t:table-cell o:value-type="string"><x:p>{}</x:p></t:table-cell>'
    head = f"<t:table-row>{cell.format('phone')}{cell.format('name')}</t:table-row>"
    return zipped([("content.xml", f'<d xmlns:t="t" xmlns:x="x" xmlns:o="o"><t:table t:name="S">{head}{rows}</t:table></d>')])


def repeating(text, columns, rows):
    return (
        f'<t:table-row t:number-rows-repeated="{rows}"><t:table-cell o:value-type="string" '
        f't:number-columns-repeated="{columns}"><x:p>{text}</x:p></t:table-cell></t:table-row>'
    )


@case(".ods", "a text of 900 KB in all columns", "columns.ods")
def _():
    return ods(repeating("x" * 900_000, 16_384, 1))


@case(".ods", "a text of 100 KB in 800,000 rows", "rows.ods")
def _():
    return ods(repeating("x" * 100_000, 5, 800_000))


@case(".ods", "a row, 1,000,000 times, 1,000 times", "times.ods")
def _():
    return ods(repeating("+12025550101", 2, 1_000_000) * 1_000)


@case(".ods", "200,000 sheets", "sheets.ods")
def _():
    return ods("".join(f'</t:table><t:table t:name="{n}">' for n in range(200_000)))


@case(".ods", "40,000,000 empty rows", "empty.ods")
def _():
    return ods("<t:table-row/>" * 20_000_000)


@case(".ods", "2,000,000 blanks declared in each of 100,000 cells", "blanks.ods")
def _():
    return ods('<t:table-row><t:table-cell><x:p><x:s x:c="2000000"/></x:p></t:table-cell></t:table-row>' * 100_000)


# --- .xls and .xlsb


def record(kind, data):
    return struct.pack("<HH", kind, len(data)) + data


def compound(workbook, length):
    stream = workbook + b"\0" * (-len(workbook) % 512)
    stream = stream.ljust(4096, b"\0")
    sectors = len(stream) // 512
    tables = 1
    while tables * 128 < sectors + 1 + tables:
        tables += 1
    if tables > 109:
        tables, sectors = 109, 109 * 128 - 110
        stream = stream[: sectors * 512]
    chain = [0xFFFFFFFD] * tables + [0xFFFFFFFE]
    first = tables + 1
    chain += [first + n + 1 for n in range(sectors - 1)] + [0xFFFFFFFE]
    chain += [0xFFFFFFFF] * (tables * 128 - len(chain))
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    for at, short in [(24, 0x3E), (26, 3), (28, 0xFFFE), (30, 9), (32, 6)]:
        header[at : at + 2] = struct.pack("<H", short)
    for at, long in [(44, tables), (48, tables), (56, 4096), (60, 0xFFFFFFFE), (68, 0xFFFFFFFE)]:
        header[at : at + 4] = struct.pack("<I", long)
    header[76:512] = b"\xff" * 436
    for n in range(tables):
        header[76 + 4 * n : 80 + 4 * n] = struct.pack("<I", n)

    def entry(name, kind, start, size):
        entry = bytearray(128)
        text = name.encode("utf-16-le")
        entry[: len(text)] = text
        entry[64] = len(text) + 2
        entry[66] = kind
        entry[68:80] = b"\xff" * 12
        entry[116:124] = struct.pack("<II", start, size)
        return bytes(entry)

    folder = entry("Root Entry", 5, 0xFFFFFFFE, 0) + entry("Workbook", 2, first, length) + b"\0" * 256
    return bytes(header) + struct.pack(f"<{len(chain)}I", *chain) + folder + stream


def xls(cells, shared=b"", sheets=1):
    begin = record(0x0809, bytes([0, 6, 5, 0]) + b"\0" * 12)

    def head(at):
        one = record(0x0085, struct.pack("<I", at) + bytes([0, 0, 1, 0]) + b"S")
        return begin + one * sheets + shared + record(0x000A, b"")

    workbook = head(len(head(0))) + begin + cells + record(0x000A, b"")
    return compound(workbook, max(4096, len(workbook)))


def number(row, column):
    return record(0x0203, struct.pack("<HHHd", row, column, 0, 1.5))


@case(".xls", "two cells in opposite corners", "corners.xls")
def _():
    return xls(number(0, 0) + number(65_535, 65_535))


@case(".xls", "200,000,000 declared rows", "declared.xls")
def _():
    return xls(record(0x0200, struct.pack("<IIHHH", 0, 200_000_000, 0, 16, 0)))


@case(".xls", "65,000 rows of two cells", "rows.xls")
def _():
    return xls(b"".join(number(row, column) for row in range(65_000) for column in range(2)))


@case(".xls", "a text of 8 KB in all of 60,000 cells", "shared.xls")
def _():
    text = b"x" * 8_000
    shared = record(0x00FC, struct.pack("<IIHB", 1, 1, len(text), 0) + text)
    labels = b"".join(record(0x00FD, struct.pack("<HHHI", row, 0, 0, 0)) for row in range(60_000))
    return xls(labels, shared)


@case(".xls", "one sheet 2,000 times", "times.xls")
def _():
    return xls(number(0, 0) + number(1, 1), sheets=2_000)


@case(".xls", "a row of numbers, 250,000 cells in one record after another", "many.xls")
def _():
    values = struct.pack("<Hi", 0, 6) * 250
    one = b"".join(record(0x00BD, struct.pack("<HH", row % 65_536, 0) + values + struct.pack("<H", 249)) for row in range(3_000))
    return xls(one)


def xlsb_record(kind, data=b""):
    out = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length = len(data)
    while True:
        out += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if not length:
            return out + data


def wide(text):
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb(cells, dimensions=(0, 10, 0, 2), strings=()):
    relations = (
        '<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        'worksheet" Target="worksheets/sheet1.bin"/></Relationships>'
    )
    workbook = (
        xlsb_record(0x83)
        + xlsb_record(0x8F)
        + xlsb_record(0x9C, struct.pack("<II", 0, 1) + wide("rId1") + wide("S"))
        + xlsb_record(0x90)
        + xlsb_record(0x84)
    )
    body = (
        xlsb_record(0x81)
        + xlsb_record(0x94, struct.pack("<IIII", *dimensions))
        + xlsb_record(0x91)
        + cells
        + xlsb_record(0x92)
        + xlsb_record(0x82)
    )
    shared = xlsb_record(0x9F, struct.pack("<II", len(strings), len(strings)))
    shared += b"".join(xlsb_record(0x13, b"\0" + wide(text)) for text in strings) + xlsb_record(0xA0)
    return zipped(
        [
            ("xl/workbook.bin", workbook),
            ("xl/_rels/workbook.bin.rels", relations),
            ("xl/worksheets/sheet1.bin", body),
            ("xl/sharedStrings.bin", shared),
        ]
    )


def xlsb_row(row):
    return xlsb_record(0x00, struct.pack("<IIHHB", row, 0, 0, 0, 0) + b"\0" * 12)


def xlsb_shared(column, index):
    return xlsb_record(0x07, struct.pack("<III", column, 0, index))


@case(".xlsb", "1,000,000 rows", "rows.xlsb")
def _():
    cells = b"".join(xlsb_row(row) + xlsb_shared(0, 0) + xlsb_shared(1, 1) for row in range(1_000_000))
    return xlsb(cells, (0, 1_000_000, 0, 1), ["phone", "name"])


@case(".xlsb", "a text of 30 KB in 400,000 cells", "shared.xlsb")
def _():
    cells = b"".join(xlsb_row(row) + xlsb_shared(0, 0) for row in range(400_000))
    return xlsb(cells, (0, 400_000, 0, 1), ["x" * 30_000])


@case(".xlsb", "two cells in opposite corners", "corners.xlsb")
def _():
    cells = xlsb_row(0) + xlsb_shared(0, 0) + xlsb_row(1_048_575) + xlsb_shared(16_383, 0)
    return xlsb(cells, (0, 1_048_575, 0, 16_383), ["x"])


@case(".xlsb", "declared dimensions of all cells", "declared.xlsb")
def _():
    return xlsb(b"", (0, 0xFFFFFFFF, 0, 0xFFFFFFFF))


# --- lists and events

SUPPRESS, DELIVERIES = ("suppress", "import"), ("deliveries", "import")


@case("JSON list", "2,400,000 brackets, nested", "nested.json", SUPPRESS)
def _():
    return b"[" * 2_400_000 + b"]" * 2_400_000


@case("JSON list", "objects in objects", "objects.json", SUPPRESS)
def _():
    return b'{"a":' * 800_000 + b"1" + b"}" * 800_000


@case("JSON list", "one text of 5 MB", "text.json", SUPPRESS)
def _():
    return b'{"OptedOutNumbers":["' + b"1" * 4_900_000 + b'"]}'


@case("JSON list", "400,000 numbers", "numbers.json", SUPPRESS)
def _():
    one = b'{"OptedOutNumber":"+12025550101","OptedOutTimestamp":1772357400}'
    return b'{"OptOutListName":"x","OptedOutNumbers":[' + b",".join([one] * 70_000) + b"]}"


@case("JSON list", "80 MB, gzip", "numbers.json.gz", SUPPRESS)
def _():
    one = b'{"OptedOutNumber":"+12025550101"},' * 10_000
    return gz([b'{"OptOutListName":"x","OptedOutNumbers":[', *[one] * 240, b'{"OptedOutNumber":"+12025550101"}]}'])


@case("events", "brackets, nested", "nested.jsonl", DELIVERIES)
def _():
    return b"[" * 4_900_000


@case("events", "150,000 events of no message", "events.jsonl", DELIVERIES)
def _():
    return b'{"eventType":"TEXT_DELIVERED"}\n' * 158_000


@case("events", "gzip, 450 MB of events", "events.jsonl.gz", DELIVERIES)
def _():
    return gz([b'{"eventType":"TEXT_DELIVERED"}\n' * 30_000] * 480)


@case("events", "one line of 5 MB", "line.jsonl", DELIVERIES)
def _():
    return b'{"eventType":"' + b"x" * 4_900_000 + b'"}'


def made(make, path):
    """Makes a file in a process of its own: what that took must not be counted for the next one. Its bytes."""
    child = os.fork()
    if child == 0:
        data = make()
        path.write_bytes(data or b"")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status:
        sys.exit(f"{path.name} could not be made")
    return path.stat().st_size


def measured(command, folder):
    """Exit code, megabytes, processor seconds, what was said."""
    said = tempfile.TemporaryFile()
    began = time.monotonic()
    process = subprocess.Popen(
        [CAMPAIGN, *command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    said.seek(0)
    text = said.read().decode(errors="replace").strip()
    return process.returncode, used.ru_maxrss / 1000, used.ru_utime + used.ru_stime, time.monotonic() - began, text


def outcome(code, said):
    if "panicked" in said or code < 0:
        return f"BROKEN ({code})"
    return {0: "read", 3: "read", 2: "refused", 5: "read, too many rejected"}.get(code, f"exit {code}")


def main():
    wanted = sys.argv[1:]
    broken = []
    print("| input | made of | bytes | memory | processor | outcome |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "campaign.toml").write_text(DEFINITION)
        for kind, made_of, name, command, make in CASES:
            if wanted and not any(word in name for word in wanted):
                continue
            path = pathlib.Path(folder, name)
            size = made(make, path)
            if size == 0:
                print(f"| {kind} | {made_of} | | | | not made: there is no zstd |")
                continue
            if size > LARGEST:
                sys.exit(f"{name} has {size} bytes")
            # Lists and events go into a journal of their own.
            more = ["-j", f"{folder}/{name}.db"] if command != ("check",) else []
            code, megabytes, seconds, _, said = measured([*command, name, *more], folder)
            words = outcome(code, said)
            print(f"| {kind} | {made_of} | {size:,} | {megabytes:.0f} MB | {seconds:.1f} s | {words} |", flush=True)
            if os.environ.get("SAID"):
                print("    ", said.replace("\n", " ")[:300])
            if megabytes > MEGABYTES or seconds > SECONDS or words.startswith("BROKEN"):
                broken.append(name)
            path.unlink()
    if broken:
        sys.exit(f"bounds are broken by {', '.join(broken)}: {MEGABYTES} MB, {SECONDS:.0f} s")


if __name__ == "__main__":
    main()
