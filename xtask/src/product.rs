//! The commands that use the product's own crates: compiled when they are first asked for, by a feature each.

/// `cargo xtask check-config`
#[cfg(feature = "programme")]
pub use crate::config::command as check_config;
/// `cargo xtask demo --quarter`
#[cfg(feature = "quarter")]
pub use crate::quarter::command as quarter;
/// `cargo xtask simulate`
#[cfg(feature = "simulator")]
pub use crate::simulate::command as simulate;

/// `cargo xtask bench scale` and `desk`
#[cfg(feature = "scale")]
pub fn bench_scale(options: &crate::bench::Options, _: lexopt::Parser) -> anyhow::Result<crate::bench::Measured> {
    crate::bench::scale::run(options).map(crate::bench::Measured::Here)
}

#[cfg(not(feature = "scale"))]
pub use later::bench_scale;
#[cfg(not(feature = "programme"))]
pub use later::check_config;
#[cfg(not(feature = "quarter"))]
pub use later::quarter;
#[cfg(not(feature = "simulator"))]
pub use later::simulate;

/// What stands for a command in a build that does not have it.
#[cfg(not(all(feature = "programme", feature = "scale", feature = "simulator", feature = "quarter")))]
mod later {
    use std::process::ExitCode;

    use anyhow::Result;

    use crate::workspace;

    /// `cargo xtask check-config`, by a build of this program that has it.
    #[cfg(not(feature = "programme"))]
    pub fn check_config(args: lexopt::Parser) -> Result<ExitCode> {
        with_feature("programme", &[], "check-config", args)
    }

    /// `cargo xtask simulate`, by a build of this program that has it.
    #[cfg(not(feature = "simulator"))]
    pub fn simulate(args: lexopt::Parser) -> Result<ExitCode> {
        with_feature("simulator", &[], "simulate", args)
    }

    /// `cargo xtask demo --quarter`, by a build of this program that has it.
    #[cfg(not(feature = "quarter"))]
    pub fn quarter(args: lexopt::Parser) -> Result<ExitCode> {
        with_feature("quarter", &[], "demo", args)
    }

    /// `cargo xtask bench scale` and `desk`, by a build of this program that has it.
    #[cfg(not(feature = "scale"))]
    pub fn bench_scale(_: &crate::bench::Options, args: lexopt::Parser) -> Result<crate::bench::Measured> {
        with_feature("scale", &FAST, "bench", args).map(crate::bench::Measured::Elsewhere)
    }

    /// What decides, built to run: it takes a million answers.
    #[cfg(not(feature = "scale"))]
    const FAST: [&str; 4] = [
        "--config",
        "profile.dev.package.ringback-app.opt-level=2",
        "--config",
        "profile.dev.package.ringback-core.opt-level=2",
    ];

    /// Builds this program with a feature and hands the command over to it.
    fn with_feature(feature: &str, config: &[&str], command: &str, mut args: lexopt::Parser) -> Result<ExitCode> {
        let mut cargo = workspace::cargo();
        cargo.args(["run", "--quiet"]).args(config);
        // Without `--package`, so that what it stands on gets the same features as in `cargo test`, and is built once.
        cargo.args(["--bin", "xtask", "--features", &format!("xtask/{feature}"), "--", command]);
        cargo.args(args.raw_args()?).current_dir(std::env::current_dir()?);
        let status = cargo.status()?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
    }
}
