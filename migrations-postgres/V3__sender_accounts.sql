-- Where the contacts of a sender are started, where that is not the same for all senders of a campaign.
ALTER TABLE sender ADD COLUMN instance_id text;
ALTER TABLE sender ADD COLUMN contact_flow_id text;
ALTER TABLE sender ADD COLUMN region text;
ALTER TABLE sender ADD COLUMN account text;
ALTER TABLE sender ADD COLUMN profile text;
