"""Opens what rpt wrote with pyarrow and safetensors, and writes a checkpoint for rpt to read.

Usage: check_tables.py FOLDER
FOLDER holds one Arrow file per table, `metrics-open.arrow` (a stream that is still being written), and `ours.safetensors`.
Writes `theirs.safetensors` and `theirs.json` (its values) there. Exits 1 at the first difference.
"""

import json
import pathlib
import re
import sys

import numpy
import pyarrow
import safetensors
import safetensors.numpy

HERE = pathlib.Path(__file__).parent
DOCUMENTED = json.loads((HERE / "documented-columns.json").read_text())
SAMPLES = json.loads((HERE / "sample-rows.json").read_text())
STREAMS = {"metrics", "sweep"}
CLOCK_COLUMNS = {"metrics": "wall_seconds,step_time", "eval": "mode_seconds", "sweep": "mode_seconds"}

TYPES = {
    "utf8": pyarrow.utf8(),
    "binary": pyarrow.binary(),
    "bool": pyarrow.bool_(),
    "int32": pyarrow.int32(),
    "int64": pyarrow.int64(),
    "float32": pyarrow.float32(),
    "float64": pyarrow.float64(),
    "list<int32>": pyarrow.list_(pyarrow.int32()),
    "list<float32>": pyarrow.list_(pyarrow.float32()),
    "map<utf8, float32>": pyarrow.map_(pyarrow.utf8(), pyarrow.float32()),
    "map<int32, float64>": pyarrow.map_(pyarrow.int32(), pyarrow.float64()),
}


def expect(what, seen, expected):
    if seen != expected:
        sys.exit(f"{what}: pyarrow reads {seen!r}, expected {expected!r}")


def read(path, is_stream):
    opened = pyarrow.ipc.open_stream(path.read_bytes()) if is_stream else pyarrow.ipc.open_file(str(path))
    table = opened.read_all()
    table.validate(full=True)
    return table


def expected_value(spelling, value):
    if value is None:
        return None
    if spelling == "binary":
        return bytes.fromhex(value)
    if spelling == "float32":
        return float(numpy.float32(value))
    if spelling == "list<float32>":
        return [float(numpy.float32(item)) for item in value]
    if spelling == "map<utf8, float32>":
        return sorted((key, float(numpy.float32(item))) for key, item in value.items())
    if spelling == "map<int32, float64>":
        return sorted((int(key), item) for key, item in value.items())
    return value


def documented_as(column):
    """Terms of the reward have a column each; one line documents all of them."""
    return re.sub(r"^rewards/.+/mean$", "rewards/NAME/mean", column)


def check_table(name, table):
    fields = list(dict.fromkeys((documented_as(field.name), field.type, field.nullable) for field in table.schema))
    documented = [(column, TYPES[text.rstrip("?")], text.endswith("?")) for column, text in DOCUMENTED[name].items()]
    expect(f"{name}: columns", fields, documented)
    metadata = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    expect(f"{name}: rpt.schema", metadata["rpt.schema"], f"{name}/1")
    expect(f"{name}: rpt.clock_columns", metadata["rpt.clock_columns"], CLOCK_COLUMNS.get(name, ""))
    expect(f"{name}: has rpt.version", "rpt.version" in metadata, True)
    expect(f"{name}: rows", table.num_rows, len(SAMPLES[name]))
    for column in table.column_names:
        text = DOCUMENTED[name][documented_as(column)]
        expected = [expected_value(text.rstrip("?"), row.get(column)) for row in SAMPLES[name]]
        expect(f"{name}.{column}", table.column(column).to_pylist(), expected)


def check_tables(folder):
    for name in DOCUMENTED:
        path = folder / f"{name}.arrow"
        check_table(name, read(path, name in STREAMS))
        if name not in STREAMS:
            # After its magic, an Arrow file is a stream for readers that do not seek.
            check_table(name, pyarrow.ipc.open_stream(path.read_bytes()[8:]).read_all())
    check_table("metrics", read(folder / "metrics-open.arrow", True))
    print(f"pyarrow {pyarrow.__version__} reads {len(DOCUMENTED)} tables as documented")


def check_safetensors(folder):
    tensors = safetensors.numpy.load_file(folder / "ours.safetensors")
    expect("ours.safetensors: names", sorted(tensors), ["empty", "matrix", "scalar"])
    expect("ours.safetensors: matrix", tensors["matrix"].tolist(), [[1.0, -2.5], [3.0, 0.125]])
    expect("ours.safetensors: scalar", (tensors["scalar"].shape, float(tensors["scalar"])), ((), 7.0))
    expect("ours.safetensors: empty", tensors["empty"].shape, (0, 4))
    with safetensors.safe_open(folder / "ours.safetensors", framework="numpy") as opened:
        expect("ours.safetensors: metadata", opened.metadata(), {"format": "pt"})
    print(f"safetensors {safetensors.__version__} reads ours")


def spec(dtype, array):
    """A tensor in memory; `array` must live until it is serialized."""
    return safetensors.TensorSpec(
        dtype=dtype, shape=array.shape, data_ptr=array.ctypes.data, data_len=array.nbytes
    )


def write_theirs(folder):
    halves = numpy.arange(2**16, dtype=numpy.uint16)
    halves = halves[numpy.isfinite(halves.view(numpy.float16))]
    brains = numpy.arange(2**16, dtype=numpy.uint16)
    widened = (brains.astype(numpy.uint32) << 16).view(numpy.float32)
    brains, widened = brains[numpy.isfinite(widened)], widened[numpy.isfinite(widened)]
    random = numpy.random.default_rng(7)
    arrays = {
        "F16": halves.view(numpy.float16),
        "F32": random.standard_normal((3, 5)).astype(numpy.float32),
        "F64": random.standard_normal(6),
    }
    names = {"F16": "float16", "F32": "float32", "F64": "float64"}
    specs = {name: spec(names[name], array) for name, array in arrays.items()}
    specs["BF16"] = spec("bfloat16", brains)  # numpy has no such dtype
    (folder / "theirs.safetensors").write_bytes(safetensors.serialize(specs))
    values = {name: array.astype(numpy.float32) for name, array in arrays.items()}
    values["BF16"] = widened
    expected = {
        name: {"shape": list(array.shape), "values": [str(item) for item in array.ravel().tolist()]}
        for name, array in values.items()
    }
    (folder / "theirs.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    check_tables(target)
    check_safetensors(target)
    write_theirs(target)
