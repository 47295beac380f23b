//! End-to-end scenarios: real HTTP on the real components, on the local host or, with `RINGBACK_SPIN`, on Spin.

mod alerts;
mod answers;
mod bad_input;
mod calendars;
mod case_life;
mod case_work;
mod channels;
mod consent;
mod deadlines;
mod delivery;
mod faults;
mod insights;
mod intake;
mod lists;
mod operations;
mod payloads;
mod preferences;
mod queues;
mod redis;
mod roles;
mod second_scores;
mod storm;
mod survival;
mod wake;
mod webhooks;
mod widget;
