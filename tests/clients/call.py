"""Calls one operation of an AWS service with boto3 and prints its answer, or its error, as JSON.

usage: call.py ENDPOINT SERVICE OPERATION PARAMETERS; credentials and region come from the environment.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

endpoint, service, operation, parameters = sys.argv[1:]
config = Config(retries={"total_max_attempts": 1}, read_timeout=2)
client = boto3.client(service, endpoint_url=endpoint, config=config)
try:
    answer = getattr(client, operation)(**json.loads(parameters))
except ClientError as error:
    answer = {"Error": error.response["Error"], "Status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
except BotoCoreError as error:
    answer = {"Exception": type(error).__name__}
answer.pop("ResponseMetadata", None)
print(json.dumps(answer, default=str))
