-- Rows that wait until a moment, whatever it is that they wait for, and rows whose time is over at one.

-- NULL: nothing but its turn and its lane.
ALTER TABLE row ADD COLUMN waits_until INTEGER;
ALTER TABLE row ADD COLUMN waits_for INTEGER;  -- 0: the schedule of the row; 1: a limit
-- From then on it is not sent to any more; NULL: never.
ALTER TABLE row ADD COLUMN not_after INTEGER;

-- Rows that wait have an index of their own, in the order of their moments, so that they cost those of their lane nothing.
DROP INDEX row_lane;
CREATE INDEX row_lane ON row (campaign_id, lane_id, id) WHERE state = 0 AND lane_id IS NOT NULL AND waits_until IS NULL;
CREATE INDEX row_waits ON row (campaign_id, lane_id, waits_until, id) WHERE state = 0 AND waits_until IS NOT NULL;
CREATE INDEX row_ends ON row (campaign_id, not_after) WHERE state = 0 AND not_after IS NOT NULL;
CREATE INDEX row_expired ON row (campaign_id, id) WHERE state = 9;
