import {expect, it} from 'vitest'
import {appendBackward} from '../../../src/core/autodiff/backward.js'
import {decoderGraph} from '../../../src/core/engine/graphs/decoder-graph.js'
import {hiddenStates} from '../../../src/core/models/decoder.js'
import {causalAttention} from '../../../src/core/nn/attention.js'
import {Graph} from '../../../src/core/onnx/graph.js'
import {Ops} from '../../../src/core/onnx/ops.js'
import {printGraph} from '../../support/print-graph.js'
import {tinyModel} from '../../support/tiny-model.js'

it('a linear layer with its gradient prints line by line', () => {
  const op = new Ops(new Graph())
  const [x, weight] = [op.input('x', [4, 3]), op.input('weight', [2, 3])]
  const loss = op.total(op.exp(op.fusedMatMul(x, weight, {transB: 1})))
  op.graph.output('loss', loss)
  op.graph.output('gradient', appendBackward(op, loss, [weight])[0])
  expect(printGraph(op.graph)).toMatchInlineSnapshot(`
    "input x: float32[4, 3]
    input weight: float32[2, 3]
    %2: float32[4, 2] = FusedMatMul(x, weight) transA=0 transB=1 alpha=1
    %3: float32[4, 2] = Exp(%2)
    %4: float32[] = ReduceSum(%3) axes=[0,1] keepdims=0
    %5: float32[1, 1] = Reshape(const float32[](1)) shape=[1,1]
    %6: float32[4, 2] = Mul(%5, %3)
    %7: float32[2, 3] = FusedMatMul(%6, x) transA=1 transB=0 alpha=1
    output loss = %4
    output gradient = %7"
  `)
})

it('a loop prints its body indented', () => {
  const op = new Ops(new Graph())
  const {carried} = op.loop(op.index(3), [op.input('x', [2])], (body, _, [x]) => ({
    goOn: body.bool(true),
    carried: [body.add(x, body.scalar(0.5))],
    scanned: [],
  }))
  op.graph.output('y', carried[0])
  expect(printGraph(op.graph)).toMatchInlineSnapshot(`
    "input x: float32[2]
    %1: float32[2] = Loop(const int64[](3), const bool[](1), x)
      input trip: int64[]
      input going: bool[]
      input carried_0: float32[2]
      %5: float32[2] = Add(carried_0, const float32[](0.5))
      output go_on = const bool[](1)
      output next_0 = %5
    output y = %1"
  `)
})

it('one decoder layer prints as the model is drawn: norm, attention, norm, gated layer', () => {
  const config = tinyModel({num_hidden_layers: 1})
  const {op, weights} = decoderGraph(config, 4)
  const tokens = {ids: op.indexInput('ids', [4]), positions: op.indexInput('positions', [4])}
  const attend = causalAttention(op, config, {rows: 1, length: 4})
  op.graph.output(
    'hidden',
    hiddenStates(op, weights, tokens, () => attend),
  )
  expect(printGraph(op.graph)).toMatchInlineSnapshot(`
    "input model.embed_tokens.weight: float32[11, 8]
    input model.layers.0.input_layernorm.weight: float32[8]
    input model.layers.0.self_attn.qkv_proj.weight: float32[16, 8]
    input model.layers.0.self_attn.o_proj.weight: float32[8, 8]
    input model.layers.0.post_attention_layernorm.weight: float32[8]
    input model.layers.0.mlp.gateup_proj.weight: float32[24, 8]
    input model.layers.0.mlp.down_proj.weight: float32[8, 12]
    input model.norm.weight: float32[8]
    input ids: int64[4]
    input positions: int64[4]
    input rotary.cos: float32[4, 2]
    input rotary.sin: float32[4, 2]
    %12: bool[4, 4] = Less(const int64[4, 1](0 1 2 3), const int64[1, 4](0 1 2 3))
    %13: float32[4, 4] = Where(%12, const float32[](-1000000000), const float32[](0))
    %14: float32[4, 2] = Gather(rotary.cos, positions) axis=0
    %15: float32[4, 1, 2] = Reshape(%14) shape=[4,1,2]
    %16: float32[4, 2] = Gather(rotary.sin, positions) axis=0
    %17: float32[4, 1, 2] = Reshape(%16) shape=[4,1,2]
    %18: float32[4, 8] = Gather(model.embed_tokens.weight, ids) axis=0
    %19: float32[4, 8] = Mul(%18, %18)
    %20: float32[4, 1] = ReduceMean(%19) axes=[1] keepdims=1
    %21: float32[4, 1] = Add(%20, const float32[](0.00001))
    %22: float32[4, 1] = Sqrt(%21)
    %23: float32[4, 8] = Div(%18, %22)
    %24: float32[4, 8] = Mul(%23, model.layers.0.input_layernorm.weight)
    %25: float32[4, 16] = FusedMatMul(%24, model.layers.0.self_attn.qkv_proj.weight) transA=0 transB=1 alpha=1
    %26: float32[4, 8], %27: float32[4, 4], %28: float32[4, 4] = Split(%25) axis=1 sizes=[8,4,4]
    %29: float32[4, 4, 2] = Reshape(%26) shape=[4,4,2]
    %30: float32[4, 4, 2] = MatMul(%29, const float32[2, 2](0 1 -1 0))
    %31: float32[4, 4, 2] = Mul(%29, %15)
    %32: float32[4, 4, 2] = Mul(%30, %17)
    %33: float32[4, 4, 2] = Add(%31, %32)
    %34: float32[4, 2, 2] = Reshape(%27) shape=[4,2,2]
    %35: float32[4, 2, 2] = MatMul(%34, const float32[2, 2](0 1 -1 0))
    %36: float32[4, 2, 2] = Mul(%34, %15)
    %37: float32[4, 2, 2] = Mul(%35, %17)
    %38: float32[4, 2, 2] = Add(%36, %37)
    %39: float32[4, 2, 2] = Reshape(%28) shape=[4,2,2]
    %40: float32[1, 4, 2, 2] = Reshape(%38) shape=[1,4,2,2]
    %41: float32[1, 2, 4, 2] = Transpose(%40) perm=[0,2,1,3]
    %42: float32[1, 4, 2, 2] = Reshape(%39) shape=[1,4,2,2]
    %43: float32[1, 2, 4, 2] = Transpose(%42) perm=[0,2,1,3]
    %44: float32[1, 4, 4, 2] = Reshape(%33) shape=[1,4,4,2]
    %45: float32[1, 4, 2, 2, 2] = Reshape(%44) shape=[1,4,2,2,2]
    %46: float32[1, 2, 2, 4, 2] = Transpose(%45) perm=[0,2,3,1,4]
    %47: float32[1, 2, 8, 2] = Reshape(%46) shape=[1,2,8,2]
    %48: float32[1, 2, 8, 4] = FusedMatMul(%47, %41) transA=0 transB=1 alpha=0.7071067690849304
    %49: float32[1, 2, 2, 4, 4] = Reshape(%48) shape=[1,2,2,4,4]
    %50: float32[1, 2, 2, 4, 4] = Add(%49, %13)
    %51: float32[1, 2, 2, 4, 4] = Softmax(%50) axis=4
    %52: float32[1, 2, 8, 4] = Reshape(%51) shape=[1,2,8,4]
    %53: float32[1, 2, 8, 2] = MatMul(%52, %43)
    %54: float32[1, 2, 2, 4, 2] = Reshape(%53) shape=[1,2,2,4,2]
    %55: float32[1, 4, 2, 2, 2] = Transpose(%54) perm=[0,3,1,2,4]
    %56: float32[1, 4, 8] = Reshape(%55) shape=[1,4,8]
    %57: float32[4, 8] = Reshape(%56) shape=[4,8]
    %58: float32[4, 8] = FusedMatMul(%57, model.layers.0.self_attn.o_proj.weight) transA=0 transB=1 alpha=1
    %59: float32[4, 8] = Add(%18, %58)
    %60: float32[4, 8] = Mul(%59, %59)
    %61: float32[4, 1] = ReduceMean(%60) axes=[1] keepdims=1
    %62: float32[4, 1] = Add(%61, const float32[](0.00001))
    %63: float32[4, 1] = Sqrt(%62)
    %64: float32[4, 8] = Div(%59, %63)
    %65: float32[4, 8] = Mul(%64, model.layers.0.post_attention_layernorm.weight)
    %66: float32[4, 24] = FusedMatMul(%65, model.layers.0.mlp.gateup_proj.weight) transA=0 transB=1 alpha=1
    %67: float32[4, 12], %68: float32[4, 12] = Split(%66) axis=1 sizes=[12,12]
    %69: float32[4, 12] = Sigmoid(%67)
    %70: float32[4, 12] = Mul(%67, %69)
    %71: float32[4, 12] = Mul(%70, %68)
    %72: float32[4, 8] = FusedMatMul(%71, model.layers.0.mlp.down_proj.weight) transA=0 transB=1 alpha=1
    %73: float32[4, 8] = Add(%59, %72)
    output hidden = %73"
  `)
})
