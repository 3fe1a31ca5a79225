/* Shows the API's description with Swagger UI, or says that Swagger UI is missing. */

if (window.SwaggerUIBundle) {
  SwaggerUIBundle({
    url: new URL("../qa/openapi.yaml", location.href).href,
    domNode: document.getElementById("reference"),
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: null, // the validator is a server of somebody else's
  });
} else {
  document.getElementById("missing").hidden = false;
}
