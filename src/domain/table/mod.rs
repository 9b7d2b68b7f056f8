//! The recipients file as a table: its columns, how it was read, what its cells look like to a spreadsheet.

pub mod code_pages;
pub mod detected_format;
pub mod formula;
pub mod header;
pub(in crate::domain) mod nothing_words;
pub mod number_format;
pub mod ordinary;
pub(crate) mod quote_marks;
pub mod report_format;
pub mod serial_date;
mod shown_date;
pub mod shown_value;
pub mod visible;
