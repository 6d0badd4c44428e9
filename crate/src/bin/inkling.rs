//! The command line; see `inkling --help`.

fn main() -> std::process::ExitCode {
    inkling::cli::main()
}
