"""The loop that people run today: boto3 in a thread pool. Arguments: endpoint, CSV, threads."""
import csv
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

endpoint, path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
client = boto3.client(
    "connect", region_name="us-west-2", endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test",
    config=Config(retries={"total_max_attempts": 1}, max_pool_connections=threads),
)


def start(row):
    return client.start_outbound_chat_contact(
        SourceEndpoint={
            "Type": "CONNECT_PHONENUMBER_ARN",
            "Address": "arn:aws:connect:us-west-2:123456789012:phone-number/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        },
        DestinationEndpoint={"Type": "TELEPHONE_NUMBER", "Address": row["phone"]},
        InstanceId="11111111-2222-3333-4444-555555555555",
        ContactFlowId="66666666-7777-8888-9999-000000000000",
        SegmentAttributes={"connect:Subtype": {"ValueString": "connect:SMS"}},
        Attributes={"customer_id": row["customer_id"], "tier": row["tier"]},
        ParticipantDetails={"DisplayName": row["first_name"]},
        InitialSystemMessage={
            "ContentType": "text/plain",
            "Content": f"Hi {row['first_name']}, this is a reminder of your visit on {row['date']}. Reply STOP to opt out.",
        },
        ChatDurationInMinutes=60,
        ClientToken=str(uuid.uuid5(uuid.NAMESPACE_URL, row["customer_id"])),
    )["ContactId"]


with open(path, newline="") as file, ThreadPoolExecutor(threads) as pool:
    print(sum(1 for _ in pool.map(start, csv.DictReader(file))), "started")
