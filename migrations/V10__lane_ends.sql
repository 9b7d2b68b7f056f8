-- The first end of a lane's rows: lanes are claimed from by soonest end.
CREATE INDEX row_lane_ends ON row (campaign_id, lane_id, not_after) WHERE state = 0 AND not_after IS NOT NULL;
