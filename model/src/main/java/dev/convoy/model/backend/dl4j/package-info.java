/** The engine Deeplearning4j on ND4J, and its model files. The only room of this module that knows ND4J. */
package dev.convoy.model.backend.dl4j;
