-- Where the contacts of a sender are started, in a campaign whose senders belong to several instances or accounts. NULL: it is the
-- same for all, and the campaign says it.
ALTER TABLE sender ADD COLUMN instance_id TEXT;
ALTER TABLE sender ADD COLUMN contact_flow_id TEXT;
ALTER TABLE sender ADD COLUMN region TEXT;
ALTER TABLE sender ADD COLUMN account TEXT;         -- its number, where an ARN tells it
ALTER TABLE sender ADD COLUMN profile TEXT;         -- of the AWS configuration files; NULL: that of the environment
