//! The project held against itself: layers, documents, reference, samples, packaging.

mod documents;
mod layers;
mod packaging;
mod planted;
mod recording;
mod reference;
mod samples;
mod type_names;
mod write_door;
