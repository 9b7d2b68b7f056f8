-- Rows by contact id: a contact that was given twice is found when it is settled, and an event finds its row at once.
CREATE INDEX row_contact ON row (contact_id) WHERE contact_id IS NOT NULL;
