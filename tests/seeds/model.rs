//! A model of journal and states.
