"""An assistant that lets a Gemini model choose the tools and the words. Importing it imports google-genai."""
