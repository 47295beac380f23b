//! Compresses the widget's script once, so that no request has to.

use flate2::{Compression, GzBuilder};
use std::io::Write;
use std::path::Path;

fn main() {
    let script = Path::new("../../widget/ringback.js");
    println!("cargo::rerun-if-changed={}", script.display());
    let plain = std::fs::read(script).expect("widget/ringback.js is there");
    // No time and no name: the same script always gives the same bytes.
    let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
    gzip.write_all(&plain).expect("memory takes everything");
    let out = std::env::var_os("OUT_DIR").expect("cargo names a folder");
    std::fs::write(Path::new(&out).join("ringback.js.gz"), gzip.finish().expect("memory takes everything"))
        .expect("cargo's folder can be written");
}
