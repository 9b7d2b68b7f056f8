"""The AWS CLI in this process, and the server that it and `campaign` send to.

The first line written is the server's URL. Then for each line read, a JSON object, one is written:
  {"args": [...]}            the AWS CLI runs with them: {"exit", "bodies", "stdout", "stderr"}
  {"args": [...], "yaml": T} the same with the members of the YAML text T as --cli-input-json: version 1 of the AWS CLI, which
                             is the one on PyPI, has no --cli-input-yaml
  {"taken": true}            what came since: {"bodies"}
  {"yaml": V}                the value as YAML: {"text"}
"""

import contextlib
import io
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import yaml
from awscli.clidriver import create_clidriver

CONTACT = {"ContactId": "6f0e4c1a-0000-4000-8000-000000000001"}
bodies = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        answer = json.dumps(CONTACT).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


def taken():
    came = list(bodies)
    bodies.clear()
    return came


def run(args):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            exit_code = create_clidriver().main(["connect", "start-outbound-chat-contact", *args])
        except SystemExit as error:
            exit_code = error.code
        except Exception as error:  # a traceback of the AWS CLI is a refusal
            exit_code, _ = 255, err.write(repr(error))
    return {"exit": exit_code, "bodies": taken(), "stdout": out.getvalue(), "stderr": err.getvalue()}


def answer(asked):
    if "args" in asked:
        args = asked["args"]
        if "yaml" in asked:
            try:
                args = [*args, "--cli-input-json", json.dumps(yaml.safe_load(asked["yaml"]))]
            except yaml.YAMLError as error:
                return {"exit": 255, "bodies": [], "stdout": "", "stderr": repr(error)}
        return run([*args, "--endpoint-url", url])
    if "taken" in asked:
        return {"bodies": taken()}
    return {"text": yaml.safe_dump(asked["yaml"], default_flow_style=False, allow_unicode=True)}


server = HTTPServer(("127.0.0.1", 0), Handler)
url = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
commands = sys.stdin
print(url, flush=True)
for line in commands:
    print(json.dumps(answer(json.loads(line))), flush=True)
