/** Models as ONNX files. */
package dev.convoy.model.file.onnx;
