//! The rows of a recipients file, one after the other or read ahead by a thread of their own.

use std::sync::mpsc::{self, SyncSender};
use std::thread;

use crate::app::error::Error;
use crate::app::rejects::{RejectsFile, WrittenRejects};
use crate::domain::preflight::Looks;
use crate::domain::row::binding::Binding;
use crate::domain::row::recipient::Rejection;
use crate::recipients::{Recipients, Row};

/// Rows that go from thread to thread at once, at most; how many bytes, about, for rows may be long; and how many times as many
/// are read ahead.
const BATCH: usize = 256;
const BATCH_BYTES: usize = 512 * 1024;
const BATCHES: usize = 2;

/// A recipients file, and what sees each of its rows first.
pub(super) struct RowReader {
    pub(super) recipients: Recipients,
    /// Where rejected rows are written to.
    pub(super) rejects: Option<RejectsFile>,
    /// The file of rejected rows, once the last row was read.
    pub(super) rejected: Option<WrittenRejects>,
    /// Where nobody sees the rows before they are sent: what looks wrong is rejected.
    pub(super) looks: Option<Looks>,
}

impl RowReader {
    pub(super) fn new(recipients: Recipients) -> Self {
        Self { recipients, rejects: None, rejected: None, looks: None }
    }

    /// The next row. With the last one the file of rejected rows is put in its place.
    ///
    /// # Errors
    /// Where the file cannot be read further, or the rejected rows cannot be written.
    pub(super) fn next(&mut self, binding: &Binding) -> Result<Option<Row>, Error> {
        let mut row = self.recipients.next_row(binding)?;
        if let (Some(looks), Some(row)) = (&self.looks, &mut row)
            && let Ok(recipient) = &row.outcome
            && let Some(reason) = looks.wrong(recipient, &row.cells)
        {
            let key = Some(recipient.key.as_str().into());
            row.outcome = Err(Rejection { line: row.line, row: None, column: None, key, reason });
        }
        if let Some(rejects) = &mut self.rejects {
            match &row {
                Some(row) => rejects.see(row)?,
                None => {
                    let rejects = self.rejects.take();
                    self.rejected = rejects.map(RejectsFile::end).transpose()?.flatten();
                }
            }
        }
        Ok(row)
    }

    /// Hands all rows to `judge`, and reads them on another thread meanwhile: reading a row and judging it take about as long.
    ///
    /// # Errors
    /// Where the file cannot be read to its end; else the error of `judge`.
    pub(super) fn all<T>(
        &mut self,
        binding: &Binding,
        judge: impl FnOnce(&mut dyn Iterator<Item = Row>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        thread::scope(|scope| {
            let (sender, batches) = mpsc::sync_channel(BATCHES);
            let reading = thread::Builder::new().spawn_scoped(scope, move || self.send(binding, &sender));
            let reading = reading.map_err(|error| Error::no_thread(&error))?;
            // The channel ends with the call: then nobody takes rows any more, and the reading ends too.
            let judged = judge(&mut batches.into_iter().flatten());
            let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            // Rows that end where the file could not be read say nothing of it.
            read.and(judged)
        })
    }

    /// Reads to the end, or until nobody takes the rows.
    fn send(&mut self, binding: &Binding, rows: &SyncSender<Vec<Row>>) -> Result<(), Error> {
        let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
        while let Some(row) = self.next(binding)? {
            bytes += row.bytes();
            batch.push(row);
            if batch.len() == BATCH || bytes >= BATCH_BYTES {
                bytes = 0;
                if rows.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err() {
                    return Ok(());
                }
            }
        }
        // Whoever does not listen any more says why.
        let _ = rows.send(batch);
        Ok(())
    }
}
