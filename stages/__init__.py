"""One short script per stage of `dvc.yaml`: read the parameters, call the library, write the outputs."""
