"""The pipeline with folders around it: resumable steps, the record of a run, thrift with memory, and its commands."""
