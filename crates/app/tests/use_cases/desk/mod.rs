//! The desk over the use cases alone: who comes in, what a form does, what a page costs. Browsers are looked at by the
//! end-to-end scenarios.

mod cases;
mod doors;
mod figures;
mod lead;
mod world;
