#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| drop(switchboard_fuzz::account::run(input)));
