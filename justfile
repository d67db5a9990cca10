# Each recipe is a plain command that also runs without just.

# formatting, lints, documentation, dependency rules
check:
    cargo xtask check

# all suites, or those named: rust, e2e, browser
test *suites:
    cargo xtask test {{suites}}

# the built server, driven by the official Socket.IO client
e2e:
    cargo xtask test e2e

# write the generated files anew
gen:
    cargo xtask gen

# messages per second of a release build
bench:
    cargo xtask bench send

# the server with an embedded database in ./data, in development mode
run:
    cargo run --release
