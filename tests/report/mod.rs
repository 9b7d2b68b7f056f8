//! Reports and status, over journals that are made through the journal's own doors.

mod fixture;
mod forms;
mod loud;
mod page;
mod running;
mod status;
mod workbook;
