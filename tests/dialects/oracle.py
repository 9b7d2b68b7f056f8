"""Writes tables as Python's csv writes them in generated dialects, and says what it reads back.

usage: oracle.py FOLDER COUNT SEED. Writes FOLDER/N.csv; a line of output a file, as JSON: the delimiter, and the rows.
"""

import csv
import io
import json
import random
import sys

FOLDER, COUNT, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(SEED)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
PIECES = ["Ann", "Lee", "Zoë", "O'Brien", "a b", "5", "x;y", "x,y", "x|y", "tab\there", 'say "hi"', '"', '""', "line\nbreak", "line\r\nbreak",
          "山田", "-", "end,", ";start", "'", "#1", "50%", "é", " "]


def cell():
    return "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 3))).strip(" \n\r\t") or "x"


for number in range(COUNT):
    delimiter = chance.choice([",", ";", "\t", "|"])
    ends = chance.choice(["\n", "\r\n", "\r"])
    quoting = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    columns = chance.randint(2, 6)
    rows = [[f"+12025550{chance.randint(100, 199)}"] + [cell() for _ in range(columns - 1)] for _ in range(chance.randint(1, 8))]
    if ends == "\r":
        # Python does not quote a line feed then, and nobody could tell it from the end of a row.
        rows = [[cell.replace("\r\n", "\n").replace("\n", "\r\n") for cell in row] for row in rows]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ends, quoting=quoting)
    writer.writerow(["phone"] + [f"c{at}" for at in range(1, columns)])
    writer.writerows(rows)
    body = text.getvalue()
    if chance.random() < 0.2:
        body = f"sep={delimiter}{ends}{body}"
    elif chance.random() < 0.2:
        body = body.rstrip("\r\n")
    with open(f"{FOLDER}/{number}.csv", "wb") as file:
        encoding = chance.choice(ENCODINGS)
        file.write(body.encode(encoding))
    print(json.dumps({"delimiter": delimiter, "encoding": encoding, "rows": rows}))
